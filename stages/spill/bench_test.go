package spill

import (
	"cmp"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// 40-byte records: 24 of order, 16 of payload, as exact deduplication has them.
const (
	benchRecords = 2_000_000
	benchBytes   = 40
)

func benchInput() []Record {
	r := rand.New(rand.NewPCG(1, 2))
	payloads := make([]byte, 16*benchRecords)
	all := make([]Record, benchRecords)
	for i := range all {
		p := payloads[16*i : 16*i+16 : 16*i+16]
		p[0], p[15] = byte(i), byte(r.Uint32())
		all[i] = Record{r.Uint64(), 0, uint64(i), p}
	}
	return all
}

// cpu returns the seconds that this process has computed.
func cpu(b *testing.B) float64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// perRecord reports records per second, of the clock and of the processor.
func perRecord(b *testing.B, before float64) {
	b.ReportMetric(float64(b.N)*benchRecords/(cpu(b)-before)/1e6, "Mrecords/cpu-s")
	b.SetBytes(benchRecords * benchBytes)
	b.ReportMetric(float64(b.N)*benchRecords/b.Elapsed().Seconds()/1e6, "Mrecords/s")
}

func benchSort(b *testing.B, memory int64, threads int) {
	in := benchInput()
	var sink byte
	var st Stats
	before := cpu(b)
	for b.Loop() {
		s := New(Options{Dir: b.TempDir(), Memory: memory, Threads: threads})
		for _, r := range in {
			if err := s.Add(r); err != nil {
				b.Fatal(err)
			}
		}
		it, err := s.Sorted()
		for err == nil {
			var r Record
			if r, err = it.Next(); err == nil {
				sink += r.Payload[0]
			}
		}
		if err != io.EOF {
			b.Fatal(err)
		}
		st = s.Stats()
		s.Close()
	}
	perRecord(b, before)
	b.ReportMetric(float64(st.Runs), "runs")
	_ = sink
}

// Add, sort and iterate; the whole way of a record.
func BenchmarkSortInMemory(b *testing.B)    { benchSort(b, 256<<20, 1) }
func BenchmarkSortTwoThreads(b *testing.B)  { benchSort(b, 256<<20, 2) }
func BenchmarkSortFewRuns(b *testing.B)     { benchSort(b, 8<<20, 1) }
func BenchmarkSortHundredRuns(b *testing.B) { benchSort(b, 1<<20, 1) }

// What the sorter replaces: a slice of records.
func BenchmarkSortFunc(b *testing.B) {
	in := benchInput()
	var sink byte
	before := cpu(b)
	for b.Loop() {
		payloads := make([]byte, 0, 16*len(in))
		all := make([]Record, 0, len(in))
		for _, r := range in {
			payloads = append(payloads, r.Payload...)
			r.Payload = payloads[len(payloads)-16:]
			all = append(all, r)
		}
		slices.SortFunc(all, func(a, b Record) int {
			return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Order, b.Order), cmp.Compare(a.Sample, b.Sample))
		})
		for _, r := range all {
			sink += r.Payload[0]
		}
	}
	perRecord(b, before)
	_ = sink
}

// The floor: the bytes of the records, copied, or written and read back.
func BenchmarkCopy(b *testing.B) {
	from, to := make([]byte, benchRecords*benchBytes), make([]byte, benchRecords*benchBytes)
	before := cpu(b)
	for b.Loop() {
		copy(to, from)
	}
	perRecord(b, before)
}

func BenchmarkWriteAndRead(b *testing.B) {
	p := make([]byte, 1<<20)
	path := filepath.Join(b.TempDir(), "plain")
	before := cpu(b)
	for b.Loop() {
		f, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		for at := int64(0); at < benchRecords*benchBytes; at += int64(len(p)) {
			if _, err := f.WriteAt(p, at); err != nil {
				b.Fatal(err)
			}
		}
		for at := int64(0); at < benchRecords*benchBytes; at += int64(len(p)) {
			if _, err := f.ReadAt(p, at); err != nil {
				b.Fatal(err)
			}
		}
		f.Close()
	}
	perRecord(b, before)
}
