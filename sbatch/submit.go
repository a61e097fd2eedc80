package sbatch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// Submit hands a script to sbatch and returns the id of the job. The folder
// of submission is the working folder of this process.
func Submit(ctx context.Context, script string) (id string, err error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "sbatch", "--parsable")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(script), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return "", errors.New("sbatch is not on this machine\nsubmit from a login node of the cluster")
		}
		return "", fmt.Errorf("sbatch refused the job: %w\n%s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	// --parsable prints ID, or ID;CLUSTER in a federation.
	id, _, _ = strings.Cut(strings.TrimSpace(stdout.String()), ";")
	if id == "" {
		return "", errors.New("sbatch took the job but named no id")
	}
	return id, nil
}
