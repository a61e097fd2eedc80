package privacy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"

	"golang.org/x/crypto/sha3"
)

// wallet looks at the word text[start:end] for
//
//   - an address of Base58Check with a version byte and 20 bytes of hash, as Bitcoin, Litecoin, Dogecoin, Dash and
//     Tron have it (https://en.bitcoin.it/wiki/Base58Check_encoding);
//   - a key of WIF, 32 bytes with version 128, which is a secret;
//   - a Bech32 or Bech32m address of Bitcoin or Litecoin (BIP 173, BIP 350);
//   - 0x and 40 hexadecimal digits, an Ethereum address. With letters of both cases it has the checksum
//     of ERC-55.
//
// All but Ethereum's in one case have checksums of 4 bytes.
func (f *finder) wallet(start, end int) {
	word := f.text[start:end]
	var yes bool
	switch n := len(word); {
	case n == 42 && word[0] == '0' && word[1]|0x20 == 'x':
		yes = isEthereum(word[2:])
	case n <= 74 && (bytes.HasPrefix(word, []byte("bc1")) || bytes.HasPrefix(word, []byte("BC1")) || bytes.HasPrefix(word, []byte("tb1"))):
		yes = isBech32(word, 2)
	case n <= 75 && (bytes.HasPrefix(word, []byte("ltc1")) || bytes.HasPrefix(word, []byte("LTC1"))):
		yes = isBech32(word, 3)
	case n <= 35:
		yes = base58Check(word) == 21
	case n == 51 || n == 52:
		if size := base58Check(word); (size == 33 || size == 34) && f.want[secret] {
			f.add(secret, start, end)
		}
		return
	}
	if yes && f.want[wallet] {
		f.add(wallet, start, end)
	}
}

var base58Digits = newBase58Digits()

func newBase58Digits() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range []byte("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz") {
		t[c] = int8(i)
	}
	return t
}

// base58Check decodes a word, and returns the number of bytes before the checksum; 0 if that is wrong.
func base58Check(word []byte) int {
	var value [40]byte // big endian
	used := 0          // bytes at the end of value
	zeros := 0
	for i, c := range word {
		d := base58Digits[c]
		if d < 0 {
			return 0
		}
		if d == 0 && i == zeros {
			zeros++
			continue
		}
		carry := int(d)
		k := len(value) - 1
		for ; carry > 0 || k >= len(value)-used; k-- {
			if k < 0 {
				return 0
			}
			carry += 58 * int(value[k])
			value[k] = byte(carry)
			carry >>= 8
		}
		used = len(value) - 1 - k
	}
	n := zeros + used
	if n < 5 || n > len(value) {
		return 0
	}
	payload := value[len(value)-n : len(value)-4] // what lies before used is zero
	once := sha256.Sum256(payload)
	twice := sha256.Sum256(once[:])
	if !bytes.Equal(twice[:4], value[len(value)-4:]) {
		return 0
	}
	return len(payload)
}

var bech32Digits = newBech32Digits()

func newBech32Digits() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range []byte("qpzry9x8gf2tvdw0s3jn54khce6mua7l") {
		t[c] = int8(i)
		if classes[c]&isLower != 0 {
			t[c-'a'+'A'] = int8(i)
		}
	}
	return t
}

// isBech32 says whether word, of one case, whose human-readable part is as long as given, is a segwit
// address with its checksum.
func isBech32(word []byte, human int) bool {
	var all class
	for _, c := range word {
		all |= classes[c]
	}
	if all&isUpper != 0 && all&isLower != 0 || len(word) < human+1+8 {
		return false
	}
	check := uint32(1)
	step := func(v byte) {
		top := check >> 25
		check = (check&0x1ffffff)<<5 ^ uint32(v)
		for i, g := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				check ^= g
			}
		}
	}
	for _, c := range word[:human] {
		step((c | 0x20) >> 5)
	}
	step(0)
	for _, c := range word[:human] {
		step((c | 0x20) & 31)
	}
	data := word[human+1:]
	for _, c := range data {
		d := bech32Digits[c]
		if d < 0 {
			return false
		}
		step(byte(d))
	}
	version := bech32Digits[data[0]]
	return version == 0 && check == 1 || 0 < version && version <= 16 && check == 0x2bc830a3
}

// isEthereum says whether 40 bytes are hexadecimal digits whose case is the checksum of ERC-55, or is one.
func isEthereum(digits []byte) bool {
	var all class
	var lower [40]byte
	for i, c := range digits {
		all |= classes[c]
		lower[i] = c
		if classes[c]&isUpper != 0 {
			lower[i] |= 0x20
		}
	}
	if all&notHex != 0 {
		return false
	}
	if all&isUpper == 0 || all&isLower == 0 {
		return true
	}
	keccak := sha3.NewLegacyKeccak256()
	keccak.Write(lower[:])
	var sum [32]byte
	var nibbles [64]byte
	hex.Encode(nibbles[:], keccak.Sum(sum[:0]))
	for i, c := range digits {
		if classes[c]&isDigit == 0 && (nibbles[i] >= '8') != (classes[c]&isUpper != 0) {
			return false
		}
	}
	return true
}
