package mpi

import "fmt"

func (op Op) String() string {
	switch op {
	case Sum:
		return "sum"
	case Min:
		return "min"
	case Max:
		return "max"
	case Or:
		return "or"
	case And:
		return "and"
	}
	return fmt.Sprintf("Op(%d)", uint8(op))
}

// check returns an error for an operator that is none of the five.
func (op Op) check() error {
	if op > And {
		return fmt.Errorf("mpi: unknown reduction %q\nlegal are sum, min, max, or, and", op)
	}
	return nil
}

// fold combines y into x element-wise. The two are equally long.
func (op Op) fold(x, y []uint64) {
	for i, v := range y {
		switch op {
		case Sum:
			x[i] += v
		case Min:
			x[i] = min(x[i], v)
		case Max:
			x[i] = max(x[i], v)
		case Or:
			x[i] |= v
		case And:
			x[i] &= v
		}
	}
}
