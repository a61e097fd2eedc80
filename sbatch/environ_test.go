package sbatch

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHosts(t *testing.T) {
	for list, want := range map[string]string{
		"":                          "",
		"login":                     "login",
		"node[01-03,20]":            "node01 node02 node03 node20",
		"n[8-11]":                   "n8 n9 n10 n11",
		"n[08-11]":                  "n08 n09 n10 n11",
		"n[099-101],m":              "n099 n100 n101 m",
		"a,b[1],c":                  "a b1 c",
		"rack[0-1]n[2-3]":           "rack0n2 rack0n3 rack1n2 rack1n3",
		"n[1-2]-ib":                 "n1-ib n2-ib",
		"n[4611686018427387903]":    "n4611686018427387903",
		"dgx-a[1,3-4].cluster.site": "dgx-a1.cluster.site dgx-a3.cluster.site dgx-a4.cluster.site",
	} {
		got, err := Hosts(list)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("Hosts(%q) = %q, %v; want %q", list, got, err, want)
		}
	}
	for _, list := range []string{"n[1-2", "n]1[", "n[2-1]", "n[a]", "n[]", "n[1--2]", "n[-1]", ",", "a,,b", "n[0-131072]", "n[0-999][0-999]",
		"n[0-4611686018427387903]", "n[+1]"} {
		if got, err := Hosts(list); err == nil {
			t.Errorf("Hosts(%q) = %d names; want an error", list, len(got))
		}
	}
}

func FuzzHosts(f *testing.F) {
	for _, s := range []string{"node[01-17,20]", "a,b[1],c", "rack[0-1]n[2-3]", "n[1-", "n[9-10],", "[1]", "x]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, list string) {
		hosts, err := Hosts(list)
		if err != nil {
			return
		}
		if len(hosts) > MaxHosts {
			t.Fatalf("%d hosts", len(hosts))
		}
		for _, h := range hosts {
			if h == "" || strings.ContainsAny(h, "[],") {
				t.Fatalf("%q holds the name %q", list, h)
			}
		}
		// Names that are spelled out stand for themselves.
		again, err := Hosts(strings.Join(hosts, ","))
		if err != nil || !slices.Equal(hosts, again) {
			t.Fatalf("%q gives %q, and that gives %q, %v", list, hosts, again, err)
		}
	})
}

func TestParseLimit(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"90": 90 * time.Minute, "1:30": 90 * time.Second, "04:00:00": 4 * time.Hour, "2-0": 48 * time.Hour,
		"1-02:03": 26*time.Hour + 3*time.Minute, "1-02:03:04": 26*time.Hour + 3*time.Minute + 4*time.Second,
	} {
		if got, err := ParseLimit(s); got != want || err != nil {
			t.Errorf("ParseLimit(%q) = %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "4h", "-1", "1-", "1:2:3:4", "1:", "99999999999", "4294967295-0", "4294967295"} {
		if got, err := ParseLimit(s); err == nil {
			t.Errorf("ParseLimit(%q) = %v; want an error", s, got)
		}
	}
}

func FuzzParseLimit(f *testing.F) {
	for _, s := range []string{"90", "1:30", "04:00:00", "2-0", "1-02:03:04", "-", ":"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := ParseLimit(s); err == nil && d < 0 {
			t.Fatalf("%q gives %v", s, d)
		}
	})
}

func TestEnviron(t *testing.T) {
	vars := map[string]string{
		"SLURM_JOB_ID": "41", "SLURM_RESTART_COUNT": "2", "SLURM_JOB_NODELIST": "n[1-4]", "SLURM_STEP_NODELIST": "n[2-3]",
		"SLURM_STEP_NUM_TASKS": "8", "SLURM_CPUS_ON_NODE": "48", "SLURM_CPUS_PER_TASK": "12", "SLURM_MEM_PER_CPU": "2000",
		"SLURM_JOB_END_TIME": "1700000000",
	}
	e, err := environ(func(k string) string { return vars[k] })
	if err != nil {
		t.Fatal(err)
	}
	if e.JobID != "41" || e.Restarts != 2 || !slices.Equal(e.Nodes, []string{"n2", "n3"}) || e.StepTasks != 8 || e.CPUsPerRank != 12 ||
		e.NodeMemory != 2000*48<<20 || !e.End.Equal(time.Unix(1700000000, 0)) {
		t.Errorf("got %+v", e)
	}
	left, ok, err := e.Left(t.Context())
	if left >= 0 || !ok || err != nil {
		t.Errorf("a limit of long ago leaves %v, %v, %v", left, ok, err)
	}
	vars["SLURM_MEM_PER_NODE"] = "64000"
	if e, err = environ(func(k string) string { return vars[k] }); err != nil || e.NodeMemory != 64000<<20 {
		t.Errorf("memory per node: %+v, %v", e, err)
	}
	vars["SLURM_RESTART_COUNT"] = "many"
	if _, err = environ(func(k string) string { return vars[k] }); err == nil || !strings.Contains(err.Error(), `SLURM_RESTART_COUNT="many"`) {
		t.Errorf("a broken number gives %v", err)
	}
	if e, err := environ(func(string) string { return "" }); e != nil || err != nil {
		t.Errorf("outside of Slurm: %+v, %v", e, err)
	}
}
