package manifest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const victimFolder = "SLUICE_TEST_VICTIM"

// piece returns what the victim writes as piece i.
func piece(i int) []byte { return bytes.Repeat(fmt.Appendf(nil, "piece %d ", i), 1+i%3000) }

// TestVictim writes until it is killed, in a process of its own.
func TestVictim(t *testing.T) {
	dir := os.Getenv(victimFolder)
	if dir == "" {
		t.Skip("run by TestKill")
	}
	j, err := CreateJournal(dir, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSegmentWriter(filepath.Join(dir, "s.seg"))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		ref, err := s.Append(piece(i))
		if err == nil {
			err = s.Flush()
		}
		if err == nil {
			err = j.Append(1, ref.AppendTo(binary.AppendUvarint(nil, uint64(i))))
		}
		if err == nil && i%50 == 0 {
			err = WriteCommit(filepath.Join(dir, "commit"), piece(i))
		}
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("said", i)
	}
}

// Whenever a process is killed, what it said was done is there, and whole.
func TestKill(t *testing.T) {
	for _, after := range []int{1, 7, 60, 500} {
		dir := t.TempDir()
		victim := exec.Command(os.Args[0], "-test.run=^TestVictim$", "-test.v")
		victim.Env = append(os.Environ(), victimFolder+"="+dir)
		out, err := victim.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := victim.Start(); err != nil {
			t.Fatal(err)
		}
		said := -1
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if _, err := fmt.Sscanf(lines.Text(), "said %d", &said); err == nil && said == after {
				victim.Process.Kill()
			}
		}
		_ = victim.Wait()
		if said < after {
			t.Fatalf("the victim ended at %d", said)
		}
		next := 0
		damaged, err := ReadJournals(dir, func(r Record) error {
			i, n := binary.Uvarint(r.Payload)
			ref, _, err := DecodeRef(r.Payload[n:])
			if err != nil || int(i) != next {
				return fmt.Errorf("record %d where %d is due: %v", i, next, err)
			}
			next++
			p, err := ReadRef(dir, ref)
			if err == nil && !bytes.Equal(p, piece(int(i))) {
				err = fmt.Errorf("piece %d is another", i)
			}
			return err
		})
		if err != nil || damaged != nil || next <= said {
			t.Fatalf("said %d, found %d, damaged %v, %v", said, next, damaged, err)
		}
		p, err := ReadCommit(filepath.Join(dir, "commit"))
		if err != nil || !bytes.Equal(p, piece(said/50*50)) && !bytes.Equal(p, piece(said/50*50+50)) {
			t.Errorf("the commit after %d: %v", said, err)
		}
	}
}
