#!/usr/bin/env python3
"""Writes the small tokenizers of this folder, and vectors.json.gz: what the Hugging
Face library and SentencePiece make of odd texts with them.

Training does not end the same each time, so all files are made anew together.

    pip install tokenizers==0.23.3 sentencepiece==0.2.3 protobuf
    python3 vectors.py              # in this folder
    python3 vectors.py OUT TEXTS    # elsewhere, trained on and asked about TEXTS (JSONL) too
"""
import gzip
import io
import json
import os
import random
import sys
import tempfile

import sentencepiece
from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers,
                        pre_tokenizers, processors, trainers)

here = os.path.dirname(os.path.abspath(__file__))
out = sys.argv[1] if len(sys.argv) > 1 else here
big = len(sys.argv) > 2
random.seed(1)

texts = [
    "", " ", "  ", "\n", "\r\n", "\t\t \n\n  ", "a", " a", "a ", "  a  b   c    ", "Hello, world!", "don't we'll I'M you'RE it'ſ he'D",
    "The quick brown fox jumps over the lazy dog.", "HTTPServer getURLFor parseXMLDocument camelCase snake_case",
    "1 12 123 1234 12345 3.14159 1e-10 ٣٤٥ ½ Ⅷ ²", "x = y + 1  # comment\n\tif (a && b) {\n\t\treturn null;\n\t}\n\n\n",
    "def f(x):\n    return x ** 2\n\n\nclass A:\n    pass\n", "你好，世界。这是一个测试。", "日本語のテキスト。カタカナ", "한국어 텍스트 ㅎㅏㄴ",
    "नमस्ते दुनिया", "สวัสดีชาวโลก", "مرحبا بالعالم", "שלום עולם", "Привет, мир! ЁЛКА ёлка", "ΑΒΓΣ ΣΑΣ ὈΔΥΣΣΕΎΣ",
    "😀😃 👩‍👩‍👧‍👦 👍🏽 🇩🇪🇫🇷 ❤️", "e\u0301 é a\u0308\u0323 Å \u212b ﬁ ﬀ ① Ａ㍿ ㌀", "İstanbul ISPARTA ıi ẞß", "a\u0300\u0301\u0302\u0303b",
    "\u0301x", "\x00a\x01b\x7fc\x85d\xa0e\u200bf\u200cg\u200dh\ufeffi\ufffdj", "\u2028\u2029\u3000x\u1680y\u180ez\u2009",
    "▁ ▁▁a ▁b", "a▁b <0x0A> <0x41> <unk>", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b",
    "=" * 90 + "\n" + "-" * 70, " " * 70 + "x", "\n" * 40 + "x", "ab" * 150, "the" * 80, "한" * 45, "é" * 101,
    "[CLS] text [SEP] [MASK]a b[MASK] c  [MASK]  d", "<s>x</s> <|endoftext|><|endoftext|> y<|endoftext|>", "  <extra> a<extra>b  <extra>  c<extra>",
    "new1 xnew1 new1x new1new1", "NEW1 New1", "foo<|x|>bar <|x|>", "C'est l'été à l'œuvre — n'est-ce pas ?", "“quotes” ‘single’ …—– ¿¡",
    "$100 €50 £20 ₿1 50% @user #tag a@b.com https://example.com/a?b=c&d=e", "\ufffd\ufffe\U0010ffff\ue000", "क्\u200dष", "Z̸̢̛͔a̶̧l̴g̵o̸",
    "tab\tseparated\tvalues", "a\r\nb\r\n\r\nc\rd", "ｶﾞｷﾞｸﾞ", "ꙮ 𝒳𝓎𝓏 𐍈 𠀀 𪚥", "1,000,000.00 2024-01-01T00:00:00Z", "x\u00adb", "Ⅷⅷ ǅ ǆ",
]
alphabet = list("abcdefgh ABC  \n\n\r\t'.,-/123_<>|▁é") + ["'s", "'LL", "é", "e\u0301", "ß", "İ", "中", "文", "あ", "ア", "한", "😀", "👩‍👩‍👧", "\u200d", "\u0300", "٣",
            "\u00a0", "\u3000", "[MASK]", "new1", "<|endoftext|>", "<extra>", "<s>", "ﬁ", "㍿", "क्", "ǅ", "ª", "ʰ", "\r\n", "\x00", "\ufffd", "Ω", "\u2028", "the ", "and"]
for i in range(600 if big else 40):
    texts.append("".join(random.choice(alphabet) for _ in range(random.randrange(1, 40))))

license_text = open(os.path.join(here, "../../../LICENSE")).read()
corpus = [line for line in license_text.split("\n") if line] + texts[4:70] * 2
if big:
    docs = [json.loads(line)["text"] for line in open(sys.argv[2])]
    corpus += docs
    texts += docs
size = 3000 if big else 420

GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN35 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK = [r"\p{N}{1,3}", r"[一-龥぀-ゟ゠-ヿ]+",
            r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""]
CLIP = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
P, N = pre_tokenizers, normalizers
bytes256 = [f"<0x{b:02X}>" for b in range(256)]
alphabet256 = P.ByteLevel.alphabet()


def split(pattern, behavior="isolated", invert=False):
    return P.Split(Regex(pattern), behavior, invert)


def bpe(pre, norm=None, post=None, specials=("<|endoftext|>",), added=(), alphabet=alphabet256, **kw):
    trainer_kw = {k: kw.pop(k) for k in ("continuing_subword_prefix", "end_of_word_suffix") if k in kw}
    t = Tokenizer(models.BPE(**kw, **trainer_kw))
    t.pre_tokenizer, t.post_processor = pre, post
    if norm:
        t.normalizer = norm
    trainer = trainers.BpeTrainer(vocab_size=size + (256 if bytes256[0] in specials else 0), special_tokens=list(specials), initial_alphabet=alphabet, show_progress=False, max_token_length=24, **trainer_kw)
    t.train_from_iterator(corpus, trainer)
    if bytes256[0] in specials:  # in the vocabulary, but not cut out of texts
        j = json.loads(t.to_str())
        j["added_tokens"] = [a for a in j["added_tokens"] if a["content"] not in bytes256]
        t = Tokenizer.from_str(json.dumps(j))
    if added:
        t.add_tokens(list(added))
    return t


def template(t, before="<s>", after="</s>"):
    single = " ".join([before, "$A"] + ([after] if after else []))
    return processors.TemplateProcessing(single=single, special_tokens=[(x, t.token_to_id(x)) for x in (before, after) if x])


hf = {}
hf["gpt2"] = bpe(P.ByteLevel(add_prefix_space=False), post=processors.ByteLevel())
hf["roberta"] = bpe(P.ByteLevel(add_prefix_space=True), specials=["<s>", "</s>", "<unk>", "<mask>"],
                    post=processors.RobertaProcessing(("</s>", 1), ("<s>", 0)), added=[AddedToken("<extra>", lstrip=True, rstrip=True, normalized=False)])
t = hf["llama3"] = bpe(P.Sequence([split(LLAMA3), P.ByteLevel(add_prefix_space=False, use_regex=False)]), specials=["<s>", "<|endoftext|>"],
                       ignore_merges=True)
t.post_processor = processors.Sequence([processors.ByteLevel(), template(t, "<s>", None)])
hf["qwen2"] = bpe(P.Sequence([split(QWEN2), P.ByteLevel(add_prefix_space=False, use_regex=False)]), N.NFC())
hf["o200k"] = bpe(P.Sequence([split(O200K), P.ByteLevel(add_prefix_space=False, use_regex=False)]))
hf["clip"] = bpe(P.Sequence([split(CLIP, "removed", True), P.ByteLevel(add_prefix_space=False)]),
                 N.Sequence([N.NFC(), N.Replace(Regex(r"\s+"), " "), N.Lowercase()]), end_of_word_suffix="</w>", unk_token="<|endoftext|>", fuse_unk=False)
if big:
    hf["qwen35"] = bpe(P.Sequence([split(QWEN35), P.ByteLevel(add_prefix_space=False, use_regex=False)]), N.NFC())
    hf["deepseek"] = bpe(P.Sequence([split(p) for p in DEEPSEEK] + [P.ByteLevel(add_prefix_space=False, use_regex=False)]))
    hf["starcoder"] = bpe(P.Sequence([P.Digits(individual_digits=True), P.ByteLevel(add_prefix_space=False)]))
    hf["falcon"] = bpe(P.Sequence([P.Punctuation("contiguous"), P.ByteLevel(add_prefix_space=False), P.Digits(), split(r"[0-9][0-9][0-9]")]))
    hf["bytenorm"] = bpe(split(r"\s"), N.ByteLevel())
    hf["merged"] = bpe(P.Sequence([P.Split(" ", "merged_with_previous"), P.Split("e", "merged_with_next"), P.Split("a", "contiguous"), P.CharDelimiterSplit("b")]), alphabet=[], unk_token="<unk>", specials=["<unk>"])
    hf["fixed"] = bpe(P.FixedLength(5), alphabet=[], unk_token="<unk>", fuse_unk=True, specials=["<unk>"])
    hf["prefix"] = bpe(P.BertPreTokenizer(), N.BertNormalizer(strip_accents=False), alphabet=[], unk_token="<unk>", specials=["<unk>"], continuing_subword_prefix="##")
small = dict(alphabet=[], unk_token="<unk>", byte_fallback=True, fuse_unk=True)
t = hf["llama2"] = bpe(None, N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")]), specials=["<unk>", "<s>", "</s>"] + bytes256, **small)
t.post_processor = template(t)
t = hf["gemma"] = bpe(P.Split(" ", "merged_with_previous"), N.Replace(" ", "▁"), specials=["<unk>", "<s>"] + bytes256,
                      added=[AddedToken("  " * k, normalized=False) for k in (1, 2, 4)] + [AddedToken("\n\n", normalized=False)], **small)
t.post_processor = template(t, "<s>", None)
if big:
    hf["metafirst"] = bpe(P.Metaspace(prepend_scheme="first", split=False), specials=["<unk>", "<s>"] + bytes256, **small)
    hf["metaalways"] = bpe(P.Metaspace(prepend_scheme="always"), N.Strip(), specials=["<unk>", "<s>"], alphabet=[], unk_token="<unk>")
    hf["metanever"] = bpe(P.Metaspace(prepend_scheme="never"), N.Sequence([N.Strip(left=True, right=False), N.Nmt(), N.NFKD(), N.StripAccents()]), specials=["<unk>", "<s>"], alphabet=[], unk_token="<unk>")
    hf["metafirst2"] = bpe(P.Metaspace(prepend_scheme="first"), N.Sequence([N.Strip(), N.Replace("a", "")]), specials=["<unk>", "<s>"], alphabet=[], unk_token="<unk>")


def wordpiece(norm, **kw):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", **kw))
    t.normalizer, t.pre_tokenizer = norm, P.BertPreTokenizer()
    t.train_from_iterator(corpus, trainers.WordPieceTrainer(vocab_size=size + 200, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False, limit_alphabet=220 if not big else 1000))
    t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return t


hf["bert"] = wordpiece(N.BertNormalizer())
hf["bert"].add_tokens([AddedToken("new1", single_word=True), AddedToken("<|x|>", lstrip=True)])
if big:
    hf["bertcased"] = wordpiece(N.BertNormalizer(lowercase=False, strip_accents=None))
    hf["bertaccents"] = wordpiece(N.BertNormalizer(lowercase=True, strip_accents=False, clean_text=False, handle_chinese_chars=False))
t = hf["wordlevel"] = Tokenizer(models.WordLevel(unk_token="[UNK]"))
t.pre_tokenizer, t.normalizer = P.Whitespace(), N.Sequence([N.NFD(), N.StripAccents(), N.Lowercase()])
t.train_from_iterator(corpus, trainers.WordLevelTrainer(vocab_size=size // 2, special_tokens=["[UNK]", "[MASK]"], show_progress=False))
t.post_processor = None


def unigram(norm, pre, byte_fallback=False, extra=()):
    t = Tokenizer(models.Unigram())
    t.normalizer, t.pre_tokenizer = norm, pre
    t.train_from_iterator(corpus, trainers.UnigramTrainer(vocab_size=size, special_tokens=["<unk>", "<s>", "</s>", "<mask>"], unk_token="<unk>", show_progress=False))
    if byte_fallback:
        m = json.loads(t.to_str())
        m["model"]["vocab"] += [[b, 0.0] for b in bytes256]
        m["model"]["byte_fallback"] = True
        t = Tokenizer.from_str(json.dumps(m))
    t.post_processor = template(t, "<s>")
    return t


def spm(model_type, **kw):
    model = io.BytesIO()
    kw = dict(vocab_size=size, character_coverage=0.98, hard_vocab_limit=False, minloglevel=2, num_threads=1, max_sentence_length=1 << 20) | kw
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=(x for x in corpus if "\0" not in x), model_writer=model, model_type=model_type, **kw)
    return model.getvalue()


sp = {}
# A table of replacements that is small, with keys and values of several code points.
rules = "0061 0300\te0\n0065 0301\te9\nfb01\t66 69\n3000\t20\n9\t20\na\t20\nd\t20\nad\t\nff76 ff9e\t30ac\nff76\t30ab\n337f\t682a 5f0f\n2460\t31\n200b\t20\n301\t27\n"
rules_file = tempfile.NamedTemporaryFile("w", suffix=".tsv")
rules_file.write(rules)
rules_file.flush()
sp["spm_unigram"] = spm("unigram", **({} if big else {"normalization_rule_tsv": rules_file.name}))
sp["spm_llama"] = spm("bpe", byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True,
                      allow_whitespace_only_pieces=True, vocab_size=size + 200, user_defined_symbols=["<extra>", "  ", "new1"])
if big:
    sp["spm_nfkc_cf"] = spm("unigram", normalization_rule_name="nmt_nfkc_cf", user_defined_symbols=["<extra>", "▁the", "new1"], byte_fallback=True)
    sp["spm_suffix"] = spm("unigram", treat_whitespace_as_suffix=True)
    sp["spm_bpe"] = spm("bpe")
    sp["spm_bpe_suffix"] = spm("bpe", treat_whitespace_as_suffix=True, add_dummy_prefix=False)
    sp["spm_nosplit"] = spm("unigram", split_by_whitespace=False, max_sentencepiece_length=32)
    sp["spm_bpe_nosplit"] = spm("bpe", split_by_whitespace=False, user_defined_symbols=["e a", "th"])
    sp["spm_code"] = spm("bpe", byte_fallback=True, normalization_rule_name="identity", add_dummy_prefix=False, remove_extra_whitespaces=False)


def charsmap(model):
    """The normalizer_spec.precompiled_charsmap of a model, from its protobuf text."""
    from sentencepiece import sentencepiece_model_pb2 as pb
    m = pb.ModelProto()
    m.ParseFromString(model)
    return m.normalizer_spec.precompiled_charsmap


nmt = charsmap(sp["spm_unigram"])
if big:
    hf["xlmr"] = unigram(N.Precompiled(nmt), P.Sequence([P.WhitespaceSplit(), P.Metaspace()]))
hf["t5"] = unigram(N.Sequence([N.Precompiled(nmt), N.Strip(left=False), N.Replace(Regex(" {2,}"), "▁")]), P.Metaspace(split=False), True)
if big:
    hf["deberta"] = unigram(N.Sequence([N.Replace("\n", " "), N.Replace("\r", " "), N.Replace("\t", " "), N.NFC(), N.Precompiled(nmt), N.Strip(), N.Replace(Regex(" {2,}"), " ")]), P.Sequence([P.Metaspace(split=True)]))
hf["unigram"] = unigram(N.Sequence([N.Nmt(), N.NFKC(), N.Replace(Regex(" {2,}"), " ")]), P.Metaspace(), True)

vectors = {}
for name, t in hf.items():
    j = json.loads(t.to_str())
    with open(os.path.join(out, name + ".json"), "w") as f:
        json.dump(j, f, ensure_ascii=False, separators=(",", ":"))
    t = Tokenizer.from_file(os.path.join(out, name + ".json"))
    vectors[name + ".json"] = [t.encode(x).ids for x in texts]
for name, model in sp.items():
    open(os.path.join(out, name + ".model"), "wb").write(model)
    s = sentencepiece.SentencePieceProcessor(model_proto=model)
    vectors[name + ".model"] = [s.encode(x) for x in texts]

lines = ",\n".join(json.dumps(k) + ":" + json.dumps(v, separators=(",", ":")) for k, v in vectors.items())
with gzip.GzipFile(os.path.join(out, "vectors.json.gz"), "wb", mtime=0) as f:
    f.write(('{"texts":' + json.dumps(texts) + ',"ids":{\n' + lines + "}}\n").encode())
