package sketch

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"testing"
)

// The bits of sketches and keys are on disks. Figures from a program of its own,
// in Python, after the sweep of statistics had passed: sketches of splitMix(1),
// splitMix(2) and so on, their first three coordinates, the last, the md5 of all in
// little endian, and the key of the last band of 32 x 8 or 21 x 6.
func TestPinned(t *testing.T) {
	for _, v := range []struct {
		coordinates, shingles int
		some                  [4]uint16
		sum                   string
		key                   uint64
	}{
		{256, 1, [4]uint16{0xe3c5, 0x54f7, 0xa347, 0x1644}, "778b88e604dcfebbbbae941a783e0f03", 0x813ca8fe628f740},
		{256, 7, [4]uint16{0x6c04, 0x54f7, 0x421b, 0x970c}, "34156eb79e23fb67bed50bb99cba594a", 0xd87d72df8607728c},
		{256, 40, [4]uint16{0xa42f, 0x5bb, 0x1ec1, 0x970c}, "6e68e1ebdd991060f182ca6999fa469c", 0xc9ffb01d4ccbf271},
		{256, 650, [4]uint16{0xdf76, 0x218, 0x25d6, 0x70ed}, "ad0e5823da8bbcbf75113c35830ba0fd", 0x5d4e0786a4fe5a7b},
		{256, 5000, [4]uint16{0x434f, 0x218, 0x5cbf, 0x80e9}, "a162db66fc91294e1b52af88ab251b38", 0x23c377d13169cbd1},
		{128, 1, [4]uint16{0x54f7, 0x18b8, 0xa347, 0xa6a6}, "df24de3ebf833dbd8bb38d4e6840476f", 0xd88987ed1543f111},
		{128, 7, [4]uint16{0x54f7, 0x9cc4, 0x8a9, 0x970c}, "948ee7abe1104b3f7bdac81813a338af", 0xfadc3f89146f1663},
		{128, 40, [4]uint16{0xa42f, 0x1ec1, 0x184e, 0x970c}, "d660bb721928f03545ea6ed6e484cb83", 0xce5172be6d5fac05},
		{128, 650, [4]uint16{0x218, 0x25d6, 0x184e, 0xdca0}, "43a4c92176a3faf182341b39dfa4026e", 0x706fbb03f2c8b17},
		{128, 5000, [4]uint16{0x434f, 0x5cbf, 0xd7f, 0x80e9}, "81b797fd225bc32ad0cfd7cef2ddae2d", 0xe8faa8e49f3023a4},
	} {
		f, dst := newFast(t, v.coordinates), make([]uint16, v.coordinates)
		var set []uint64
		for i := range v.shingles {
			set = append(set, splitMix(uint64(i+1)))
		}
		for range 2 {
			f.Sketch(dst, set)
			sum, cut := md5Of(dst), BandsFor(0.8, v.coordinates)
			some := [4]uint16{dst[0], dst[1], dst[2], dst[len(dst)-1]}
			if key := cut.Key(dst, cut.Bands-1); some != v.some || sum != v.sum || key != v.key {
				t.Errorf("%d coordinates of %d shingles: %#x %s, key %#x\nthe bits may not change", v.coordinates, v.shingles, some, sum, key)
			}
			f.vectors = nil // and once more in plain Go
		}
	}
}

func md5Of(sketch []uint16) string {
	var le []byte
	for _, x := range sketch {
		le = binary.LittleEndian.AppendUint16(le, x)
	}
	sum := md5.Sum(le)
	return hex.EncodeToString(sum[:])
}
