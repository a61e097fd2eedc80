package text

// divide returns a share of a whole, NaN of nothing.
func divide(part, whole int) float64 { return float64(part) / float64(whole) }
