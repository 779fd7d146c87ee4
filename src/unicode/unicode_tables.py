"""Writes unicode_tables.inc: character classes and normal form C, as tokenizers has them.

    python3 -m venv build/venv && build/venv/bin/pip install tokenizers==0.23.3
    build/venv/bin/python src/unicode/unicode_tables.py > src/unicode/unicode_tables.inc

The library has three versions of Unicode in it: the expressions of Split and ByteLevel are run by
Oniguruma, Digits asks Rust's char::is_numeric, and NFC is a crate's. So each is asked for its
answer about every code point, and no file of the Unicode Consortium is needed.
"""
import textwrap
import unicodedata

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
ALL = "".join(map(chr, POINTS))
CATEGORIES = ("Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co "
              "Cn").split()
HANGUL = range(0xAC00, 0xD7A4)
# The first code points of each version that are letters.
VERSIONS = (("14.0", 0x10570), ("15.0", 0x1E4D0), ("15.1", 0x2EBF0), ("16.0", 0x105C0),
            ("17.0", 0x10940))


def members(pattern):
    """The code points that Oniguruma matches."""
    split = pre_tokenizers.Split(Regex(f"(?:{pattern})+"), "removed", invert=True)
    found = set()
    for _, (begin, end) in split.pre_tokenize_str(ALL):
        found.update(POINTS[begin:end])
    return found


def numeric():
    split = pre_tokenizers.Digits(individual_digits=True).pre_tokenize_str("a".join(ALL))
    return {ord(piece) for piece, _ in split if len(piece) == 1} - {ord("a")}


def runs(of):
    """[value, first, length] of each longest run of code points of one value."""
    out = []
    for c in range(0x110000):
        if out and out[-1][0] == of(c):
            out[-1][2] += 1
        else:
            out.append([of(c), c, 1])
    return out


def array(name, numbers):
    body = textwrap.fill(", ".join(numbers), 98, break_on_hyphens=False)
    print(f"constexpr char32_t {name}[] = {{\n{textwrap.indent(body, '  ')}}};\n")


def hexes(numbers):
    return [f"0x{n:X}" for n in numbers]


def main():
    category = {c: "Cs" for c in range(0xD800, 0xE000)}
    for name in CATEGORIES:
        category.update(dict.fromkeys(members(rf"\p{{{name}}}"), name))
    version = [v for v, c in VERSIONS if category[c] != "Cn"][-1]

    print("// Made by unicode_tables.py from the Python package tokenizers "
          f"{tokenizers.__version__}; do not edit.\n")
    print("// Unicode of Oniguruma, which the package runs its expressions with.")
    print(f'constexpr const char* kUnicodeVersion = "{version}.0";\n')
    print("// The general category of every code point: runs from U+0000 on, each with its length.")
    print("constexpr std::string_view kCategories =")
    text = " ".join(f"{value}{length}" for value, _, length in runs(category.get))
    print("\n".join(f'    "{line} "' for line in textwrap.wrap(text, 92)) + ";\n")

    rest = numeric() - {c for c in POINTS if category[c][0] == "N"}
    print("// Numbers of Digits, whose Unicode is newer, that are not \\p{N}.")
    print("constexpr std::string_view kMoreDigits =")
    print('    R"(' + "".join(rf"\x{{{c:x}}}-\x{{{c + n - 1:x}}}"
                           for inside, c, n in runs(rest.__contains__) if inside) + ')";\n')

    nfc, nfd = normalizers.NFC().normalize_str, normalizers.NFD().normalize_str
    parts = {c: [ord(p) for p in nfd(chr(c))] for c in POINTS
             if c not in HANGUL and nfd(chr(c)) != chr(c)}
    composed = {c for c in parts if nfc(chr(c)) == chr(c)}
    print("// Canonical decompositions, Hangul's left out: the code point, its parts, 0. NFC puts "
          "these\n// together again, the longer from the shorter.")
    in_order = sorted(composed, key=lambda c: (len(parts[c]), c))
    array("kComposed", [h for c in in_order for h in hexes([c, *parts[c]]) + ["0"]])
    print("// The others, which NFC leaves apart.")
    array("kDecomposed", [h for c in sorted(set(parts) - composed)
                          for h in hexes([c, *parts[c]]) + ["0"]])

    # A mark of each class that the crate, older than Python's table, has in that class, too.
    low = "\u0334"
    probe = {unicodedata.combining(chr(c)): chr(c) for c in reversed(POINTS)
             if c not in parts and nfd(chr(c) + low) == low + chr(c)} | {1: low}
    known = sorted(probe)

    def combining(c):  # a mark passes those of a higher class, and none passes class 0
        mark = chr(c)
        if c in parts:
            return 0
        stays = [k for k in known if nfd("a" + probe[k] + mark) == "a" + probe[k] + mark]
        if len(stays) == len(known) and nfd("a" + mark + probe[1]) == "a" + mark + probe[1]:
            return 0
        return stays[-1]

    classes = {c: combining(c) for c in POINTS if c >= 0x300 and category[c][0] == "M"}
    print("// Canonical combining classes other than 0: first code point, last, class.")
    array("kCombining", [h for value, first, length in runs(lambda c: classes.get(c, 0)) if value
                         for h in hexes([first, first + length - 1]) + [str(value)]])


main()
