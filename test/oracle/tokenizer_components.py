"""Writes test/fixtures/tokenizers.json: small tokenizers, one for each field of a component, and what `tokenizers` makes of texts.

    python test/oracle/tokenizer_components.py          # write the file
    python test/oracle/tokenizer_components.py --check  # recompute it, and exit with 1 if anything differs

Each case changes some fields of a base. `texts` holds `[text, ids, ids with control tokens as words]`, `sequences` holds
`[ids, decoded text, decoded text without control tokens]`. `null` in place of them all: the library refuses the file.
"""

import json
import random
import sys
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import ByteLevel

FILE = Path(__file__).parent.parent / "fixtures" / "tokenizers.json"

TEXTS = [
    *["", " ", "ab", " ab", "  ab  abc ", "▁ab", "a\tb\n\nc", "AB1b22.c!?", "é e\u0301 日本🙂a", "ΑΣ ΣΑ.", "²½ a\u200dbⅧ"],
    *["<s>ab</s> <s> a", "a<t>b <t>  c<t>", "<T> <t>ab x<s>x <s>", "a_b__c_", "'s don't ab's", "\u0085a\ufeffb\u00a0", "a.b..c"],
    *["a𘴝'b ab𲎰²", "꟎a 1\U0001f8d0b"],
    *["bca abca bcab", "aaab abab", "<0x41><0xE2>", "##ab</w>", "cab<u> ab"],
]

CHARACTERS = [*"abcdefghstx", *"ABT", *"0123456789", *"._'!?<>/|#", " ", "▁", "é", "e\u0301"[1], "Σ", "σ", "ab</w>", "##a"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
MERGED = [("a", "b"), ("▁", "a"), ("▁a", "b"), ("▁", "▁"), ("b", "c"), ("a", "a"), (" ", "a"), (".", "."), ("<", "t"), ("1", "b"), ("2", "2")]
ALPHABET = sorted(ByteLevel.alphabet())
MERGED_BYTES = [("a", "b"), ("Ġ", "a"), ("Ġa", "b"), ("Ġ", "Ġ"), ("b", "c"), ("Ã", "©"), ("ã", "Ģ"), (".", ".")]


def model(tokens, merges, **fields):
    tokens = [*tokens, *("".join(pair) for pair in merges if "".join(pair) not in tokens)]
    return {"type": "BPE", "vocab": {token: id for id, token in enumerate(tokens)}, "merges": [list(pair) for pair in merges], **fields}


def added(content, id, **flags):
    none = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    return {"id": id, "content": content, **none, **flags}


TEXT_MODEL = model(["<unk>", *CHARACTERS, *BYTES], MERGED, unk_token="<unk>", fuse_unk=False, byte_fallback=True)
NO_BYTES = model(["<unk>", *CHARACTERS], MERGED)
BYTE_MODEL = model(ALPHABET, MERGED_BYTES)
NEXT = len(TEXT_MODEL["vocab"])
CONTROLS = [added("<s>", NEXT, special=True), added("</s>", NEXT + 1, special=True), added("<t>", NEXT + 2)]
REPLACE = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
LLAMA = [REPLACE, {"type": "ByteFallback"}, {"type": "Fuse"}]
BASE = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": CONTROLS,
    "normalizer": None,
    "pre_tokenizer": None,
    "post_processor": None,
    "decoder": {"type": "Sequence", "decoders": LLAMA},
    "model": TEXT_MODEL,
}


def kind(type, **fields):
    return {"type": type, **fields}


def sequence(name, *parts):
    return kind("Sequence", **{name: list(parts)})


def cases():
    """Yields names and changed fields."""
    yield "nothing", {}

    for form in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase"]:
        yield f"normalizer {form}", {"normalizer": kind(form)}
    for left in [False, True]:
        for right in [False, True]:
            yield f"normalizer Strip {left} {right}", {"normalizer": kind("Strip", strip_left=left, strip_right=right)}
    yield "normalizer Prepend", {"normalizer": kind("Prepend", prepend="▁")}
    yield "normalizer Replace String", {"normalizer": kind("Replace", pattern={"String": " "}, content="▁")}
    yield "normalizer Replace Regex", {"normalizer": kind("Replace", pattern={"Regex": "\\s+|(b)"}, content="$1▁")}
    llama = sequence("normalizers", kind("Prepend", prepend="▁"), kind("Replace", pattern={"String": " "}, content="▁"))
    yield "normalizer Sequence", {"normalizer": llama}

    def pre(name, component, **more):
        return f"pre-tokenizer {name}", {"pre_tokenizer": component, **more}

    for scheme in ["first", "never", "always"]:
        for split in [False, True]:
            yield pre(f"Metaspace {scheme} split {split}", kind("Metaspace", replacement="▁", prepend_scheme=scheme, split=split))
    yield pre("Metaspace without scheme", kind("Metaspace", replacement="▁"))
    yield pre("Metaspace add_prefix_space", kind("Metaspace", replacement="▁", add_prefix_space=True, prepend_scheme="never"))
    yield pre("Metaspace contradiction", kind("Metaspace", replacement="▁", add_prefix_space=False, prepend_scheme="first"))
    yield pre("Metaspace str_rep", kind("Metaspace", replacement="_", str_rep="▁", split=None))
    for behavior in ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]:
        for invert in [False, True]:
            yield pre(f"Split {behavior} invert {invert}", kind("Split", pattern={"String": "b"}, behavior=behavior, invert=invert))
        regex = {"Regex": "(?i:'s|'t)|[^\\s\\p{L}]?\\p{L}{1,2}"}
        yield pre(f"Split {behavior} Regex", kind("Split", pattern=regex, behavior=behavior, invert=False))
        yield pre(f"Punctuation {behavior}", kind("Punctuation", behavior=behavior))
    yield pre("Punctuation", kind("Punctuation"))
    for single in [False, True]:
        yield pre(f"Digits {single}", kind("Digits", individual_digits=single))
    for regex in ["a++b|c", "a*+a", "(?>a|ab)c", "(?:ab)?+[^\\s]", "'(?i:[sdmt]|ll)", "(?i:[a-z]+)", "(?i:[^b-]+)", "^", "$", "^.", "\\b"]:
        yield pre(f"Split Regex {regex}", kind("Split", pattern={"Regex": regex}, behavior="Isolated", invert=False))
    for simple in ["Whitespace", "WhitespaceSplit", "BertPreTokenizer", "FixedLength"]:
        yield pre(simple, kind(simple))
    yield pre("FixedLength 2", kind("FixedLength", length=2))
    yield pre("CharDelimiterSplit", kind("CharDelimiterSplit", delimiter="b"))
    controls = [{**token, "id": token["id"] - NEXT + len(BYTE_MODEL["vocab"])} for token in CONTROLS]
    of_bytes = {"model": BYTE_MODEL, "added_tokens": controls}
    byte_decoder = kind("ByteLevel", add_prefix_space=True, trim_offsets=True, use_regex=True)
    for prefix in [False, True]:
        for regex in [False, True]:
            component = kind("ByteLevel", add_prefix_space=prefix, trim_offsets=False, use_regex=regex)
            yield pre(f"ByteLevel {prefix} regex {regex}", component, **of_bytes, decoder=byte_decoder)
    bytes_only = kind("ByteLevel", add_prefix_space=False, trim_offsets=True)
    digits = sequence("pretokenizers", kind("Digits", individual_digits=True), bytes_only)
    yield pre("Sequence of bytes", digits, **of_bytes, decoder=byte_decoder)
    cut = kind("Split", pattern={"String": "b"}, behavior="Isolated", invert=False)
    first = kind("Metaspace", replacement="▁", prepend_scheme="first")
    yield pre("Sequence Metaspace first", sequence("pretokenizers", cut, first))

    def changed(name, base=TEXT_MODEL, **fields):
        return f"model {name}", {"model": {**base, **fields}, "added_tokens": []}

    for fuse in [False, True]:
        for fallback in [False, True]:
            yield changed(f"fuse_unk {fuse} byte_fallback {fallback}", fuse_unk=fuse, byte_fallback=fallback)
    yield changed("without unknown", NO_BYTES)
    some = model(["<unk>", *CHARACTERS, *BYTES[:0xE3]], MERGED, unk_token="<unk>", byte_fallback=True)
    yield changed("with some bytes", some)
    yield changed("with some bytes, fused", some, fuse_unk=True)
    yield changed("ignore_merges", model(["abc", "▁abc", "bca", *CHARACTERS], MERGED, ignore_merges=True))
    yield changed("ignore_merges false", model(["abc", "▁abc", "bca", *CHARACTERS], MERGED, ignore_merges=False))
    yield changed("repeated merges", merges=[*map(list, MERGED), ["a", "b"]])
    yield changed("merges as lines", NO_BYTES, merges=["#version: 0.2", "b c", "a b"])
    yield changed("empty affixes", NO_BYTES, continuing_subword_prefix="", end_of_word_suffix="", dropout=None)
    yield changed("dropout 0", NO_BYTES, dropout=0.0)
    yield changed("ids with holes", NO_BYTES, vocab={**NO_BYTES["vocab"], "a": 1000})
    yield changed("a token named __proto__", model(["__proto__", "constructor", *CHARACTERS], MERGED, ignore_merges=True))

    def decoder(name, *parts, **more):
        component = parts[0] if len(parts) == 1 else sequence("decoders", *parts)
        return f"decoder {name}", {"decoder": component, **more}

    yield decoder("none", None)
    yield decoder("empty Sequence", sequence("decoders"))
    for single in ["ByteFallback", "Fuse"]:
        yield decoder(single, kind(single))
    yield decoder("ByteLevel", byte_decoder, **of_bytes)
    for scheme in ["first", "never", "always"]:
        yield decoder(f"Metaspace {scheme}", kind("Metaspace", replacement="▁", prepend_scheme=scheme, split=False))
    yield decoder("Replace Regex", kind("Replace", pattern={"Regex": "[ab]+|^<"}, content="$0"))
    for start, stop in [(1, 0), (0, 1), (2, 2)]:
        strip = kind("Strip", content="a", start=start, stop=stop)
        yield decoder(f"Strip {start} {stop}", strip)
        yield decoder(f"Strip {start} {stop}, fused", kind("Fuse"), strip)
    yield decoder("Llama", *LLAMA, kind("Strip", content=" ", start=1, stop=0))
    for cleanup in [False, True]:
        yield decoder(f"WordPiece {cleanup}", kind("WordPiece", prefix="##", cleanup=cleanup))
        yield decoder(f"CTC {cleanup}", kind("CTC", pad_token="<t>", word_delimiter_token="a", cleanup=cleanup))
    yield decoder("BPEDecoder", kind("BPEDecoder", suffix="</w>"))
    yield decoder("BPEDecoder, fused", kind("Fuse"), kind("BPEDecoder", suffix="b"))
    yield decoder("WordPiece, fused", kind("Fuse"), kind("WordPiece", prefix="a", cleanup=True))
    yield decoder("ByteFallback, fused", kind("Fuse"), kind("ByteFallback"))
    yield decoder("Replace, fused", kind("Fuse"), REPLACE, kind("Replace", pattern={"String": "ab"}, content="-"))
    yield decoder("nested", sequence("decoders", REPLACE, sequence("decoders", kind("ByteFallback"))), kind("Fuse"))

    def tokens(name, *given, **more):
        return f"added tokens {name}", {"added_tokens": list(given), **more}

    for flag in ["single_word", "lstrip", "rstrip", "normalized", "special"]:
        yield tokens(flag, added("<t>", NEXT, **{flag: True}), added("  ", NEXT + 1))
    yield tokens("whole words", added("ab", TEXT_MODEL["vocab"]["ab"], single_word=True), added("abc", NEXT, single_word=True))
    lower = {"normalizer": kind("Lowercase")}
    yield tokens("in normalised text", added("<T>", NEXT, normalized=True), added("<t>b", NEXT + 1), **lower)
    yield tokens("in raw text", added("<T>", NEXT), **lower)
    yield tokens("raw before normalised", added("ab", TEXT_MODEL["vocab"]["ab"], normalized=True), added("bc", TEXT_MODEL["vocab"]["bc"]))
    yield tokens("prepended", added("ab", TEXT_MODEL["vocab"]["ab"], normalized=True), normalizer=llama)
    yield tokens("of blanks", added("▁▁", TEXT_MODEL["vocab"]["▁▁"]), added(" \t", NEXT))
    yield tokens("of the alphabet", added("é", 999), added("Ġab", 1000), **{"model": {**BYTE_MODEL, "vocab": {**BYTE_MODEL["vocab"], "é": 999, "Ġab": 1000}}, "decoder": byte_decoder})
    yield tokens("repeated", added("<t>", NEXT), added("<t>", NEXT), added("", NEXT + 1))

    yield "truncation", {"truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}}
    fixed = {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "<unk>"}
    yield "padding", {"padding": fixed}
    template = {"single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [NEXT], "tokens": ["<s>"]}}}
    yield "post-processor TemplateProcessing", {"post_processor": kind("TemplateProcessing", **template)}
    around = {"sep": ["</s>", NEXT + 1], "cls": ["<s>", NEXT]}
    yield "post-processor BertProcessing", {"post_processor": kind("BertProcessing", **around)}
    roberta = kind("RobertaProcessing", **around, trim_offsets=True, add_prefix_space=False)
    yield "post-processor RobertaProcessing", {"post_processor": sequence("processors", byte_decoder, roberta)}


def observe(fields):
    try:
        tokenizer = Tokenizer.from_str(json.dumps({**BASE, **fields}))
    except Exception:
        return None
    tokenizer.no_truncation()  # as transformers does for every call
    tokenizer.no_padding()

    def encode(text, as_words):
        tokenizer.encode_special_tokens = as_words
        return tokenizer.encode(text, add_special_tokens=False).ids

    def decode(ids):
        try:
            return [[ids, tokenizer.decode(ids, skip_special_tokens=False), tokenizer.decode(ids, skip_special_tokens=True)]]
        except BaseException as error:
            if type(error).__name__ == "PanicException":  # `Strip` of a token shorter than what it strips
                return []
            raise

    texts = [[text, encode(text, False), encode(text, True)] for text in TEXTS]
    choose = random.Random(7)
    known = sorted(tokenizer.get_vocab(with_added_tokens=True).values())
    likely = [id for token, id in tokenizer.get_vocab(with_added_tokens=True).items() if not token.startswith("<0x")]
    sequences = [ids for _, ids, _ in texts if ids]
    sequences += [[choose.choice(choose.choice([known, sorted(likely)])) for _ in range(8)] for _ in range(16)]
    return {"texts": texts, "sequences": [row for ids in sequences for row in decode(ids)]}


def make():
    rows = [{"name": name, "fields": fields, "expected": observe(fields)} for name, fields in cases()]
    body = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return f'{{"base":{json.dumps(BASE, ensure_ascii=False, separators=(",", ":"))},\n"cases":[\n{body}\n]}}\n'


if __name__ == "__main__":
    made = make()
    if "--check" in sys.argv:
        same = FILE.read_text() == made
        print("same" if same else "different")
        sys.exit(0 if same else 1)
    FILE.write_text(made)
    refused = [case["name"] for case in json.loads(made)["cases"] if case["expected"] is None]
    print(f"{len(json.loads(made)['cases'])} cases; refused: {', '.join(refused)}")
