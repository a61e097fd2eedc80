"""The filters that sluice and NeMo Curator both have: stage, class, keys. The keys have the same names in both."""

STRING = "nemo_curator.stages.text.filters.heuristic.string"
REPETITION = "nemo_curator.stages.text.filters.heuristic.repetition.repetition"
CODE = "nemo_curator.stages.text.filters.heuristic.code.code"

# The 28 of heuristic_filter_english_pipeline.yaml, in its order.
ENGLISH = [
    ("text.alpha_numeric", STRING, "NonAlphaNumericFilter", {"max_non_alpha_numeric_to_text_ratio": 0.25}),
    ("text.symbol_to_word", STRING, "SymbolsToWordsFilter", {"max_symbol_to_word_ratio": 0.1}),
    ("text.numbers_ratio", STRING, "NumbersFilter", {"max_number_to_text_ratio": 0.15}),
    ("text.urls_ratio", STRING, "UrlsFilter", {"max_url_to_text_ratio": 0.2}),
    ("text.white_space", STRING, "WhiteSpaceFilter", {"max_white_space_ratio": 0.25}),
    ("text.parentheses_ratio", STRING, "ParenthesesFilter", {"max_parentheses_ratio": 0.1}),
    ("text.boilerplate_string_ratio", STRING, "BoilerPlateStringFilter", {"max_boilerplate_string_ratio": 0.4}),
    ("text.repeated_lines", REPETITION, "RepeatedLinesFilter", {"max_repeated_line_fraction": 0.7}),
    ("text.repeated_paragraphs", REPETITION, "RepeatedParagraphsFilter", {"max_repeated_paragraphs_ratio": 0.7}),
    ("text.repeated_lines_char", REPETITION, "RepeatedLinesByCharFilter", {"max_repeated_lines_char_ratio": 0.8}),
    ("text.repeated_paragraphs_char", REPETITION, "RepeatedParagraphsByCharFilter", {"max_repeated_paragraphs_char_ratio": 0.8}),
    ("text.word_count", STRING, "WordCountFilter", {"min_words": 50, "max_words": 100000}),
    ("text.punctuation", STRING, "PunctuationFilter", {"max_num_sentences_without_endmark_ratio": 0.85}),
    ("text.words_without_alphabets", STRING, "WordsWithoutAlphabetsFilter", {"min_words_with_alphabets": 0.8}),
    ("text.common_english_words", STRING, "CommonEnglishWordsFilter", {"min_num_common_words": 2}),
    ("text.mean_word_length", STRING, "MeanWordLengthFilter", {"min_mean_word_length": 3, "max_mean_word_length": 10}),
    ("text.max_word_length", STRING, "LongWordFilter", {"max_word_length": 1000}),
    ("text.ellipsis", STRING, "EllipsisFilter", {"max_num_lines_ending_with_ellipsis_ratio": 0.3}),
    *(
        ("text.repeating_top_ngrams", REPETITION, "RepeatingTopNGramsFilter", {"n": n, "max_repeating_ngram_ratio": most})
        for n, most in [(2, 0.2), (3, 0.18), (4, 0.16)]
    ),
    *(
        ("text.repeating_dup_ngrams", REPETITION, "RepeatingDuplicateNGramsFilter", {"n": n, "max_repeating_duplicate_ngram_ratio": most})
        for n, most in [(5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10)]
    ),
    ("text.bullet_ratio", STRING, "BulletsFilter", {"max_bullet_lines_ratio": 0.9}),
]

OTHERS = [
    ("text.pornographic_urls", STRING, "PornographicUrlsFilter", {}),
    ("text.substring", STRING, "SubstringFilter", {"substring": "the", "position": "any"}),
    ("code.num_lines", CODE, "NumberOfLinesOfCodeFilter", {"min_lines": 10, "max_lines": 20000}),
    ("code.xml_header", CODE, "XMLHeaderFilter", {"char_prefix_search_length": 100}),
    ("code.alpha", CODE, "AlphaFilter", {"min_alpha_ratio": 0.25}),
    ("code.html_boilerplate", CODE, "HTMLBoilerplateFilter", {"min_lang_content_ratio": 0.2, "min_lang_content_num_chars": 100}),
    ("code.python_comment_ratio", CODE, "PythonCommentToCodeFilter", {"min_comment_to_code_ratio": 0.01, "max_comment_to_code_ratio": 0.85}),
    *(("code.comment_ratio", CODE, "GeneralCommentToCodeFilter", {"language": mime}) for mime in ("text/x-c++", "text/x-java", "application/javascript", "text/x-go", "text/html", "text/x-ruby", "text/x-shellscript")),
]

FILTERS = [
    {"name": f"f{i}", "use": use, "module": module, "class": kind, "keys": keys}
    for i, (use, module, kind, keys) in enumerate(ENGLISH + OTHERS)
]
