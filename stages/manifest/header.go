package manifest

import (
	"encoding/binary"
	"hash/crc32"
)

// Every file begins with a header of this size: magic (8 bytes), version,
// two numbers of the format's own, and the checksum of the 20 bytes before it.
const headerSize = 24

// appendHeader appends the header of a format to p.
func appendHeader(p []byte, magic string, version, a, b uint32) []byte {
	from := len(p)
	p = append(p, magic...)
	p = binary.LittleEndian.AppendUint32(p, version)
	p = binary.LittleEndian.AppendUint32(p, a)
	p = binary.LittleEndian.AppendUint32(p, b)
	return binary.LittleEndian.AppendUint32(p, crc32.Checksum(p[from:], castagnoli))
}

// readHeader checks the header at the start of p and returns its two numbers.
func readHeader(path string, p []byte, magic string, version uint32) (a, b uint32, err error) {
	switch {
	case len(p) < headerSize:
		return 0, 0, &DamagedError{path, 0, "it ends within the header"}
	case string(p[:8]) != magic:
		return 0, 0, &DamagedError{path, 0, "the header does not begin with " + magic}
	case crc32.Checksum(p[:20], castagnoli) != binary.LittleEndian.Uint32(p[20:]):
		return 0, 0, &DamagedError{path, 0, "the checksum of the header is wrong"}
	}
	if v := binary.LittleEndian.Uint32(p[8:]); v != version {
		return 0, 0, &VersionError{path, v, version}
	}
	return binary.LittleEndian.Uint32(p[12:]), binary.LittleEndian.Uint32(p[16:]), nil
}
