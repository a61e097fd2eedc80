package token

import (
	"bytes"
	"hash/maphash"
)

// A cache remembers the ids of words. It holds at most 2^15 words and 2^19 bytes
// of them; when it is full it forgets all, and fills again with what is common.
type cache struct {
	seed  maphash.Seed
	slots []slot // open addressing; nil until first used
	used  int
	keys  []byte
	ids   []int32
}

// A slot holds one word: keys[key:][:size] has ids[ids:][:count].
type slot struct {
	hash  uint32 // never 0 where the slot is used
	key   uint32
	ids   uint32
	size  uint16
	count uint16
}

const (
	cachedWords = 1 << 15
	cachedBytes = 1 << 19
	cachedIDs   = 1 << 18
	longestWord = 64 // bytes of a word that is remembered
)

// find returns the slot of the word, which is empty if the word is not known.
func (c *cache) find(word []byte) *slot {
	if c.slots == nil {
		c.seed = maphash.MakeSeed()
		c.slots = make([]slot, 2*cachedWords)
		c.keys = make([]byte, 0, cachedBytes)
		c.ids = make([]int32, 0, cachedIDs)
	}
	h := maphash.Bytes(c.seed, word)
	short := uint32(h>>32) | 1
	for i := int(h) & (len(c.slots) - 1); ; i = (i + 1) & (len(c.slots) - 1) {
		s := &c.slots[i]
		if s.hash == 0 {
			s.key = short // for put
			return s
		}
		if s.hash == short && int(s.size) == len(word) && bytes.Equal(c.keys[s.key:][:s.size], word) {
			return s
		}
	}
}

// get returns the ids that the slot holds.
func (c *cache) get(s *slot) []int32 { return c.ids[s.ids:][:s.count] }

// put fills the slot that find returned for the word.
func (c *cache) put(s *slot, word []byte, ids []int32) {
	if c.used == cachedWords || len(c.keys)+len(word) > cachedBytes || len(c.ids)+len(ids) > cachedIDs {
		clear(c.slots)
		c.used, c.keys, c.ids = 0, c.keys[:0], c.ids[:0]
		s = c.find(word)
	}
	*s = slot{hash: s.key, key: uint32(len(c.keys)), ids: uint32(len(c.ids)), size: uint16(len(word)), count: uint16(len(ids))}
	c.keys = append(c.keys, word...)
	c.ids = append(c.ids, ids...)
	c.used++
}
