package catalog

import (
	"sluice/stages/job"
	"sluice/stages/text"
)

func texts() job.Catalog {
	return job.Catalog{
		"text.alpha_numeric": filter("keep texts of few characters that are no ASCII letters, digits or common marks",
			text.DefaultAlphaNumeric(), text.NewAlphaNumeric),
		"text.boilerplate_string_ratio": filter("keep texts of few paragraphs that speak of cookies, policies and terms of use",
			text.DefaultBoilerplateStringRatio(), text.NewBoilerplateStringRatio),
		"text.bullet_ratio": filter("keep texts of few lines that begin with a bullet",
			text.DefaultBulletRatio(), text.NewBulletRatio),
		"text.common_english_words": filter("keep texts with some of the most common English words",
			text.DefaultCommonEnglishWords(), text.NewCommonEnglishWords),
		"text.ellipsis": filter("keep texts of few lines that end in an ellipsis",
			text.DefaultEllipsis(), text.NewEllipsis),
		"text.histogram": filter("keep texts of characters that are common in a language",
			text.DefaultHistogram(), text.NewHistogram).Needs("cache_dir", `"histograms"`),
		"text.max_word_length": filter("keep texts without a very long word",
			text.DefaultMaxWordLength(), text.NewMaxWordLength),
		"text.mean_word_length": filter("keep texts whose words have an ordinary length in the mean",
			text.DefaultMeanWordLength(), text.NewMeanWordLength),
		"text.numbers_ratio": filter("keep texts of few digits",
			text.DefaultNumbersRatio(), text.NewNumbersRatio),
		"text.parentheses_ratio": filter("keep texts of few parentheses, brackets and braces",
			text.DefaultParenthesesRatio(), text.NewParenthesesRatio),
		"text.pornographic_urls": filter("keep texts without a link that has porn in it",
			text.PornographicURLs{}, text.NewPornographicURLs),
		"text.punctuation": filter("keep texts with enough lines that end in a punctuation mark",
			text.DefaultPunctuation(), text.NewPunctuation),
		"text.repeated_lines": filter("keep texts of lines that are mostly different",
			text.DefaultRepeatedLines(), text.NewRepeatedLines),
		"text.repeated_lines_char": filter("keep texts of lines that are mostly different, by their characters",
			text.DefaultRepeatedLinesChar(), text.NewRepeatedLinesChar),
		"text.repeated_paragraphs": filter("keep texts of paragraphs that are mostly different",
			text.DefaultRepeatedParagraphs(), text.NewRepeatedParagraphs),
		"text.repeated_paragraphs_char": filter("keep texts of paragraphs that are mostly different, by their characters",
			text.DefaultRepeatedParagraphsChar(), text.NewRepeatedParagraphsChar),
		"text.repeating_dup_ngrams": filter("keep texts of few characters in sequences of n words that were there before",
			text.DefaultRepeatingDupNGrams(), text.NewRepeatingDupNGrams),
		"text.repeating_top_ngrams": filter("keep texts of few characters in the most frequent sequence of n words",
			text.DefaultRepeatingTopNGrams(), text.NewRepeatingTopNGrams),
		"text.substring": filter("keep texts that have a substring",
			text.DefaultSubstring(), text.NewSubstring).Needs("substring", `"lorem ipsum"`),
		"text.symbol_to_word": filter("keep texts of few words that are an ellipsis or number signs",
			text.DefaultSymbolToWord(), text.NewSymbolToWord),
		"text.urls_ratio": filter("keep texts of few characters in links",
			text.DefaultURLsRatio(), text.NewURLsRatio),
		"text.white_space": filter("keep texts of few white space characters",
			text.DefaultWhiteSpace(), text.NewWhiteSpace),
		"text.word_count": filter("keep texts of min_words to max_words words",
			text.DefaultWordCount(), text.NewWordCount),
		"text.words_without_alphabets": filter("keep texts of words that mostly have a letter",
			text.DefaultWordsWithoutAlphabets(), text.NewWordsWithoutAlphabets),
	}
}
