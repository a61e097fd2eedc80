package fasttext

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// alphabets are of letters of one to four bytes.
var alphabets = []string{"abdeghiklmnoprstu", "aäbdefghiklmnoöprstuüß", "абвгдежзиклмнопрстуя", "的一是不了人我在有他这中大来上国", "اأبتجدرسعفقلمنهوي", "🍏🍐🍊🍋🍌🍉🍇🍓"}

// vocabulary returns the words of a made-up language.
func vocabulary(language int) []string {
	rng := rand.New(rand.NewPCG(1, uint64(language)))
	letters := []rune(alphabets[language%len(alphabets)])
	words := make([]string, 25)
	for i := range words {
		for range 2 + rng.IntN(6) {
			words[i] += string(letters[rng.IntN(len(letters))])
		}
	}
	return words
}

// sentence draws words, the first of a language much more often than the last.
func sentence(rng *rand.Rand, language, n int) string {
	words := vocabulary(language)
	list := make([]string, n)
	for i := range list {
		list[i] = words[int(float64(len(words))*rng.Float64()*rng.Float64())]
	}
	return strings.Join(list, " ")
}

// training returns lines to train a model with, n of each label.
func training(labels, n int) (list []string) {
	rng := rand.New(rand.NewPCG(2, 0))
	for i := range labels * n {
		label := i % labels
		if label > 0 && i%7 == 0 && n > 2 {
			label-- // labels differ in how often they occur
		}
		list = append(list, fmt.Sprintf("%sl%d %s", Prefix, label, sentence(rng, label%12, 12)))
	}
	return list
}

// testLines returns lines to try models on: sentences, mixtures, and odd ones.
func testLines() []string {
	rng := rand.New(rand.NewPCG(3, 0))
	list := []string{"", " ", "x", "\t\v\f a \r b \x00 c ", "__label__l1", "__label__l1 __label__unknown abd", "__label__", "a __label__l2",
		"日本語のテキスト", "👍🏽 👨‍👩‍👧", "\xff\xfe broken \xc3", "\xe4\xb8", "<", ">", "<>", "</s", "a</s>", "\u00a0", "ab" + strings.Repeat("c", 300),
		strings.Repeat("die der das ", 400), strings.Repeat("abcdefgh", 300)}
	for i := range 60 {
		list = append(list, sentence(rng, i, 1+i%20), sentence(rng, i, 5)+" "+sentence(rng, i+1, 5)+" neverseen")
	}
	return list
}
