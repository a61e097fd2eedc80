package manifest

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	commitMagic   = "sluiceCM"
	commitVersion = 1
	commitFrame   = headerSize + 12 // length and checksum of the payload
)

// WriteCommit makes path hold payload, durably, and whole or not at all: who reads it
// finds the old payload or the new one.
func WriteCommit(path string, payload []byte) error {
	p := appendHeader(make([]byte, 0, commitFrame), commitMagic, commitVersion, 0, 0)
	p = binary.LittleEndian.AppendUint64(p, uint64(len(payload)))
	p = binary.LittleEndian.AppendUint32(p, commitSum(p, payload))
	f, err := CreateAtomic(path)
	if err != nil {
		return err
	}
	if _, err = f.Write(p); err == nil {
		_, err = f.Write(payload)
	}
	if err != nil {
		return errors.Join(err, f.Abort())
	}
	if err := f.Commit(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// commitSum covers the length and the payload.
func commitSum(p, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(p[headerSize:headerSize+8], castagnoli), castagnoli, payload)
}

// ReadCommit returns what [WriteCommit] put in path. The error is
// fs.ErrNotExist if there is none, a *[DamagedError] if it is damaged, or a
// *[VersionError].
func ReadCommit(path string) ([]byte, error) {
	p, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return decodeCommit(path, p)
}

// decodeCommit returns the payload of the commit file p, as a part of it.
func decodeCommit(path string, p []byte) ([]byte, error) {
	if _, _, err := readHeader(path, p, commitMagic, commitVersion); err != nil {
		return nil, err
	}
	if len(p) < commitFrame || binary.LittleEndian.Uint64(p[headerSize:]) != uint64(len(p)-commitFrame) {
		return nil, &DamagedError{path, headerSize, "its length is not the one that was written"}
	}
	payload := p[commitFrame:]
	if commitSum(p, payload) != binary.LittleEndian.Uint32(p[headerSize+8:]) {
		return nil, &DamagedError{path, headerSize, "the checksum of its payload is wrong"}
	}
	return payload, nil
}

// RemoveCommit takes a commit back, durably. One that is not there is fine.
func RemoveCommit(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return writing(path, err)
	}
	return syncDir(filepath.Dir(path))
}
