package progress

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// screen is what a Progress writes to.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *screen) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b.Reset()
}

func record() Record {
	return Record{Host: "node7", Rank: 3, Size: 8, Start: 2, Pass: 1, Passes: 2, Phase: Working, Block: 17,
		Bytes: 1_234_567_890, Total: 1 << 50, Rows: 33_000, Peak: 512 << 20, Time: time.Unix(1_700_000_000, 5)}
}

func TestRecordComesBack(t *testing.T) {
	p := record().encode()
	if len(p) != recordSize {
		t.Fatal(len(p))
	}
	r, ok := decode(p)
	r.Host = "node7"
	if !ok || r != record() {
		t.Errorf("got %+v", r)
	}
	for i := range 8 * len(p) {
		q := bytes.Clone(p)
		q[i/8] ^= 1 << (i % 8)
		if _, ok := decode(q); ok {
			t.Fatalf("bit %d is wrong, and believed", i)
		}
	}
}

func TestLifeIsWrittenEveryBeat(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "life")
	synctest.Test(t, func(t *testing.T) {
		var lives []*Life
		for i := range 4 {
			l := NewLife(LifeOptions{Dir: dir, Host: fmt.Sprintf("node%d", i/2), Slot: i % 2, Rank: i, Size: 5, Start: 1})
			l.Start(t.Context())
			lives = append(lives, l)
		}
		check := func(want func(i int, r Record) bool) {
			t.Helper()
			records, err := ReadLife(dir)
			if err != nil || len(records) != 4 {
				t.Fatalf("%d records, %v", len(records), err)
			}
			for i, r := range records {
				if r.Rank != i || r.Size != 5 || r.Start != 1 || r.Host != fmt.Sprintf("node%d", i/2) || !want(i, r) {
					t.Errorf("rank %d: %+v", i, r)
				}
			}
		}
		check(func(_ int, r Record) bool { return r.Phase == Starting && r.Pass == 0 && r.Peak > 0 })
		for i, l := range lives {
			l.Pass(1, 2, "ask near", 1000)
			l.Block(1, 40+i)
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() { l.Done(int64(i), 3) })
			}
			wg.Wait()
		}
		lives[3].Finish()
		check(func(_ int, r Record) bool { return r.Pass == 0 })
		time.Sleep(Beat)
		synctest.Wait()
		check(func(i int, r Record) bool {
			phase := Working
			if i == 3 {
				phase = Waiting
			}
			return r.Pass == 1 && r.Passes == 2 && r.Block == 40+i && r.Bytes == int64(10*i) && r.Rows == 30 &&
				r.Total == 1000 && r.Phase == phase && time.Since(r.Time) == 0
		})
		lives[0].Pass(2, 2, "write", 7)
		if r := lives[0].Record(); r.Bytes != 0 || r.Rows != 0 || r.Block != 0 || r.Phase != Working {
			t.Errorf("a pass begins at %+v", r)
		}
		where := WhereAll(dir)
		for _, part := range []string{"rank 1 on node0: working, pass 1 of 2, block 41, 10 B, 30 rows", ", 0s ago\n", "1 of 5 ranks have shown no sign"} {
			if !strings.Contains(where, part) {
				t.Errorf("%q is not in\n%s", part, where)
			}
		}
		for _, l := range lives {
			for range 2 {
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			}
		}
		check(func(_ int, r Record) bool { return r.Phase == Ended })
	})
}

// Who asks where a rank is does not wait for its next beat.
func TestTell(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "life")
	l := NewLife(LifeOptions{Dir: dir, Host: "node", Size: 1, Every: time.Hour})
	l.Start(t.Context())
	l.Pass(1, 2, "ask near", 1000)
	l.Done(5, 1)
	l.Tell()
	if where := WhereAll(dir); !strings.Contains(where, "working, pass 1 of 2, block 0, 5 B, 1 rows") {
		t.Errorf("it is said to be at\n%s", where)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l.Done(7, 1)
	l.Tell()
	if where := WhereAll(dir); !strings.Contains(where, ", 5 B, 1 rows") || l.f != nil {
		t.Errorf("it spoke after its end:\n%s", where)
	}
	(*Life)(nil).Tell()
}

func TestOnlyTheNewestStartCounts(t *testing.T) {
	dir := t.TempDir()
	put := func(host string, records ...Record) {
		p := header()
		for _, r := range records {
			p = append(p, r.encode()...)
		}
		if err := os.WriteFile(filepath.Join(dir, host), p, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	old, a, b, again := record(), record(), record(), record()
	old.Start, old.Rank = 1, 5
	b.Rank, again.Rank, again.Block = 0, 0, 99
	again.Time = b.Time.Add(time.Second)
	put("gone", old)
	put("n1", a, b)
	put("n2", again)
	if err := os.WriteFile(filepath.Join(dir, "junk"), make([]byte, 1000), 0o644); err != nil {
		t.Fatal(err)
	}
	records, err := ReadLife(dir)
	if err != nil || len(records) != 2 || records[0].Block != 99 || records[0].Host != "n2" || records[1].Rank != 3 {
		t.Errorf("%+v, %v", records, err)
	}
	if r, err := ReadLife(filepath.Join(dir, "missing")); r != nil || err != nil {
		t.Error(r, err)
	}
	if s := WhereAll(filepath.Join(dir, "missing")); !strings.Contains(s, "no rank") {
		t.Error(s)
	}
}

func TestObserveTellsTheStillFromTheMoving(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		life := func(rank int) *Life {
			l := NewLife(LifeOptions{Dir: dir, Host: "n", Slot: rank, Rank: rank, Size: 5})
			l.Start(t.Context())
			l.Pass(1, 1, "write", 100)
			l.Done(int64(10*rank), 1)
			return l
		}
		ended, moves, slow, dies := life(0), life(1), life(2), life(3)
		moves.Done(1000, 1)
		ended.Close()
		time.Sleep(Beat)
		synctest.Wait()
		dies.stop() // it neither ends nor writes any more
		v, err := Observe(t.Context(), dir, 5*Beat/2)
		if err != nil || len(v.Moving) != 2 || len(v.Still) != 1 || v.Still[0].Rank != 3 || len(v.Missing) != 1 || v.Missing[0] != 4 {
			t.Errorf("%+v, %v", v, err)
		}
		since := time.Now()
		err = Watchdog(dir, func(s string) { t.Error("said", s) })("barrier", since)
		if err == nil || !strings.Contains(err.Error(), "rank 3 on n: working, pass 1 of 1") ||
			!strings.Contains(err.Error(), "rank 4: never") || strings.Contains(err.Error(), "rank 2") {
			t.Error(err)
		}
		// With all well, it names the one that the others wait for.
		dies.Close()
		last := life(4)
		last.Finish()
		said := ""
		time.Sleep(Beat)
		if err := Watchdog(dir, func(s string) { said += s })("barrier", since); err != nil {
			t.Error(err)
		}
		if !strings.Contains(said, "in barrier") || !strings.Contains(said, "rank 2 on n") {
			t.Errorf("said %q", said)
		}
		if err := Watchdog(dir, nil)("barrier", since); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Observe(ctx, dir, time.Hour); err != context.Canceled {
			t.Error(err)
		}
		for _, l := range []*Life{moves, slow, last} {
			l.Close()
		}
	})
}

func TestLifeThatCannotBeWrittenSaysSoAtTheEnd(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	l := NewLife(LifeOptions{Dir: file, Host: "n", Size: 1})
	l.Start(t.Context())
	l.Pass(1, 1, "write", 0)
	if err := l.Close(); err == nil {
		t.Error("no error")
	}
}

func TestLogLines(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var lives []*Life
		for i := range 3 {
			l := NewLife(LifeOptions{Dir: dir, Host: "n", Slot: i, Rank: i, Size: 3})
			l.Start(t.Context())
			defer l.Close()
			lives = append(lives, l)
		}
		var out screen
		p := New(Options{Out: &out, Life: lives[0]})
		p.Start(t.Context())
		time.Sleep(35 * time.Second)
		synctest.Wait()
		if out.String() != "" {
			t.Errorf("before the first pass: %q", out.String())
		}
		for _, l := range lives {
			l.Pass(1, 2, "ask near", 4_000_000_000)
			l.Done(500_000_000, 1_000_000)
		}
		lives[0].Finish()
		time.Sleep(25 * time.Second) // to 60 s
		synctest.Wait()
		want := "pass 1/2 ask near   37.5%  60.0 MB/s  3,000,000 rows  120,000 rows/s  ETA 42s  ranks done 1/3  peak "
		if !strings.HasPrefix(out.String(), want) || strings.Count(out.String(), "\n") != 1 || strings.Contains(out.String(), "waiting") {
			t.Errorf("got  %q\nwant %q", out.String(), want)
		}
		lives[1].Finish()
		lives[2].Block(1, 77)
		out.Reset()
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if !strings.Contains(out.String(), "ranks done 2/3") || !strings.HasSuffix(out.String(), "waiting for rank 2 on n, block 77\n") {
			t.Errorf("got %q", out.String())
		}
		// Standing still, the rate falls to nothing within two windows.
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		out.Reset()
		if _, err := io.WriteString(p, "a notice\n"); err != nil || out.String() != "a notice\n" {
			t.Errorf("%q, %v", out.String(), err)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if !strings.Contains(out.String(), "  0 B/s  ") || strings.Contains(out.String(), "ETA") {
			t.Errorf("got %q", out.String())
		}
		out.Reset()
		p.Close()
		if out.String() != "" {
			t.Errorf("got %q", out.String())
		}
	})
}

func TestLiveLine(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l := NewLife(LifeOptions{Dir: dir, Host: "n", Size: 1})
		l.Start(t.Context())
		defer l.Close()
		l.Pass(1, 1, "write", 1000)
		var out screen
		p := New(Options{Out: &out, Life: l, Live: true, Width: func() int { return 30 }})
		p.Start(t.Context())
		time.Sleep(time.Second)
		synctest.Wait()
		const line = "pass 1/1 write    0.0%  0 B/s"
		if want := line + "\r\x1b[K" + line; out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
		out.Reset()
		if _, err := io.WriteString(p, "a notice\n"); err != nil {
			t.Error(err)
		}
		if want := "\r\x1b[Ka notice\n"; out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
		p.Close()
	})
}

// A round reads nothing: its line has the records that were routed in it.
func TestLineOfARound(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l := NewLife(LifeOptions{Dir: dir, Host: "n", Size: 1})
		l.Start(t.Context())
		defer l.Close()
		l.Pass(1, 2, "read", 4000)
		l.Done(4000, 50)
		var out screen
		p := New(Options{Out: &out, Life: l})
		p.Start(t.Context())
		defer p.Close()
		time.Sleep(40 * time.Second)
		out.Reset()
		l.Pass(1, 2, "near: bands", 0)
		l.Done(0, 4_000)
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if want := "pass 1/2 near: bands  4,000 records  200 records/s  peak "; !strings.HasPrefix(out.String(), want) {
			t.Errorf("got  %q\nwant %q", out.String(), want)
		}
		if where := l.Record().String(); !strings.Contains(where, "working, pass 1 of 2, 4,000 records, peak") {
			t.Errorf("it is at %q", where)
		}
	})
}

func TestNilIsQuiet(t *testing.T) {
	var l *Life
	l.Start(t.Context())
	l.Pass(1, 1, "", 0)
	l.Block(0, 0)
	l.Done(1, 1)
	l.Finish()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	p := New(Options{Life: l})
	p.Start(t.Context())
	if n, err := p.Write([]byte("abc")); n != 3 || err != nil {
		t.Error(n, err)
	}
	p.Close()
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.00 kB", 1234: "1.23 kB", 9994: "9.99 kB", 9995: "10.0 kB", 99_949: "99.9 kB", 99_950: "100 kB",
		999_499: "999 kB", 999_500: "1.00 MB", 48_000_000_000: "48.0 GB", math.MaxInt64: "9.22 EB", -1500: "-1.50 kB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 1_234_567: "1,234,567", 123_456: "123,456", -123: "-123", -1234: "-1,234",
		math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0s", 400 * time.Millisecond: "0s", 59*time.Second + 600*time.Millisecond: "1m00s", 187 * time.Second: "3m07s",
		5*time.Hour + 2*time.Minute: "5h02m", 52 * time.Hour: "2d04h", -3 * time.Second: "-3s",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestHostNamesStayInTheFolder(t *testing.T) {
	for host, want := range map[string]string{"node-7.cluster": "node-7.cluster", "": "host", "..": "host", "a/b": "host", "/etc": "host"} {
		if got := fileName(host); got != want {
			t.Errorf("fileName(%q) = %q, want %q", host, got, want)
		}
	}
}

func FuzzLifeFile(f *testing.F) {
	f.Add(append(header(), record().encode()...))
	f.Add(header()[:20])
	f.Fuzz(func(t *testing.T, p []byte) {
		records, err := decodeFile("x", "h", p)
		if err == nil && len(records) > len(p)/recordSize {
			t.Error(len(records))
		}
		for _, r := range newest(records) {
			if back, ok := decode(r.encode()); !ok || back.Rank != r.Rank || back.Bytes != r.Bytes || !back.Time.Equal(r.Time) {
				t.Errorf("%+v, again %+v", r, back)
			}
			_ = r.String()
		}
	})
}

// What a batch pays for progress.
func BenchmarkDone(b *testing.B) {
	l := NewLife(LifeOptions{Dir: b.TempDir(), Host: "n", Size: 1})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.Done(4<<20, 1000)
		}
	})
}
