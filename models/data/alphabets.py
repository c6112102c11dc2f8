"""How synthesisers and dictionaries write phones → our inventory (`models.data.phones`).

Every table spells one symbol as one or more of our phones; several share the symbol's time evenly, a stop and what it
is released into included. Sounds that English lacks become the phone whose lips and jaw are nearest:

- front rounded vowels (German ü ö, French u eu) become the back rounded ones of the same height: UW, UH, AO;
- bilabial approximants and fricatives (Spanish b between vowels) become V: narrow, not closed;
- palatals become their alveolar or Y; uvular and velar fricatives and r in the throat become HH: lips free;
- tapped and trilled r becomes D: the tongue tip without English R's rounding; nasal vowels lose their nose.
"""

from __future__ import annotations

from collections.abc import Mapping

IPA: dict[str, tuple[str, ...]] = {
    # vowels
    "i": ("IY",), "ɪ": ("IH",), "ᵻ": ("IH",), "e": ("EY",), "ɛ": ("EH",), "æ": ("AE",), "a": ("AA",),
    "ɐ": ("AH",), "ɑ": ("AA",), "ɒ": ("AO",), "ɔ": ("AO",), "o": ("OW",), "ʊ": ("UH",), "u": ("UW",),
    "ʌ": ("AH",), "ə": ("AH",), "ᵊ": ("AH",), "ɜ": ("ER",), "ɝ": ("ER",), "ɚ": ("ER",), "y": ("UW",),
    "ʏ": ("UH",), "ø": ("UH",), "œ": ("AO",), "ɨ": ("IH",), "ɯ": ("IH",), "ɤ": ("AH",), "ʉ": ("UW",),
    "ɵ": ("UH",), "ɘ": ("IH",), "ɞ": ("ER",), "ɶ": ("AO",),
    # vowels that move, and vowels with r
    "aɪ": ("AY",), "aʊ": ("AW",), "eɪ": ("EY",), "oʊ": ("OW",), "əʊ": ("OW",), "ɔɪ": ("OY",), "ɔʏ": ("OY",),
    "ɔø": ("OY",), "ai": ("AY",), "au": ("AW",), "ei": ("EY",), "oi": ("OY",), "ɑɪ": ("AY",), "ʌɪ": ("AY",),
    "ɛɪ": ("EY",), "æʊ": ("AW",), "aɪə": ("AY", "AH"), "aɪɚ": ("AY", "ER"), "aʊə": ("AW", "AH"),
    "ɪə": ("IH", "AH"), "eə": ("EH", "AH"), "ʊə": ("UH", "AH"), "iə": ("IY", "AH"), "ɪɹ": ("IH", "R"),
    "ɛɹ": ("EH", "R"), "ʊɹ": ("UH", "R"), "ɑɹ": ("AA", "R"), "ɔɹ": ("AO", "R"), "oɹ": ("AO", "R"),
    "oːɹ": ("AO", "R"), "əɹ": ("ER",), "ɜɹ": ("ER",), "əl": ("AH", "L"), "ən": ("AH", "N"), "əm": ("AH", "M"),
    "ɔː": ("AO",), "eː": ("EY",), "oː": ("OW",), "ɜː": ("ER",), "aː": ("AA",), "ɑː": ("AA",),
    # consonants
    "p": ("P",), "b": ("B",), "t": ("T",), "d": ("D",), "k": ("K",), "g": ("G",), "ɡ": ("G",), "c": ("K",),
    "ɟ": ("G",), "q": ("K",), "ɢ": ("G",), "ʈ": ("T",), "ɖ": ("D",), "m": ("M",), "ɱ": ("M",), "n": ("N",),
    "ɲ": ("N",), "ɳ": ("N",), "ŋ": ("NG",), "ɴ": ("NG",), "f": ("F",), "v": ("V",), "θ": ("TH",), "ð": ("DH",),
    "s": ("S",), "z": ("Z",), "ʃ": ("SH",), "ʒ": ("ZH",), "ʂ": ("SH",), "ʐ": ("ZH",), "ɕ": ("SH",), "ʑ": ("ZH",),
    "ç": ("HH",), "ʝ": ("Y",), "x": ("HH",), "ɣ": ("G",), "χ": ("HH",), "ʁ": ("HH",), "ħ": ("HH",), "ʕ": ("HH",),
    "h": ("HH",), "ɦ": ("HH",), "ɸ": ("F",), "β": ("V",), "ʋ": ("V",), "ɹ": ("R",), "ɻ": ("R",), "r": ("D",),
    "ɾ": ("D",), "ɽ": ("D",), "ʀ": ("HH",), "l": ("L",), "ɫ": ("L",), "ɭ": ("L",), "ʎ": ("L",), "ɬ": ("L",),
    "j": ("Y",), "w": ("W",), "ʍ": ("W",), "ɥ": ("W",), "ɰ": ("G",),
    "tʃ": ("CH",), "dʒ": ("JH",), "ʧ": ("CH",), "ʤ": ("JH",), "tɕ": ("CH",), "dʑ": ("JH",), "ts": ("T", "S"),
    "dz": ("D", "Z"), "ʦ": ("T", "S"), "ʣ": ("D", "Z"), "pf": ("P", "F"), "ʔ": (), "?": (),
    "r̝": ("ZH",),
}  # fmt: skip
"""The International Phonetic Alphabet as espeak-ng and Piper write it."""

KOKORO: dict[str, tuple[str, ...]] = {
    **IPA,
    "A": ("EY",), "I": ("AY",), "O": ("OW",), "W": ("AW",), "Y": ("OY",), "Q": ("OW",), "T": ("D",), "r": ("R",),
}  # fmt: skip
"""IPA with one letter for each English diphthong."""

SAMPA: dict[str, tuple[str, ...]] = {
    "_": ("SIL",),
    "i": ("IY",), "I": ("IH",), "e": ("EY",), "E": ("EH",), "{": ("AE",), "a": ("AA",), "A": ("AA",), "Q": ("AO",),
    "O": ("AO",), "o": ("OW",), "U": ("UH",), "u": ("UW",), "V": ("AH",), "@": ("AH",), "3": ("ER",), "r=": ("ER",),
    "@r": ("ER",), "y": ("UW",), "Y": ("UH",), "2": ("UH",), "9": ("AO",), "6": ("AH",), "1": ("IH",), "&": ("AO",),
    "}": ("UW",), "M": ("IH",), "7": ("AH",), "8": ("UH",),
    "aI": ("AY",), "AI": ("AY",), "aU": ("AW",), "EI": ("EY",), "eI": ("EY",), "@U": ("OW",), "oU": ("OW",),
    "OI": ("OY",), "OY": ("OY",), "I@": ("IH", "AH"), "e@": ("EH", "AH"), "U@": ("UH", "AH"), "E@": ("EH", "AH"),
    "@L": ("AH", "L"), "@N": ("AH", "N"), "l=": ("AH", "L"), "n=": ("AH", "N"), "m=": ("AH", "M"), "EU": ("EH", "UH"),
    "p": ("P",), "b": ("B",), "t": ("T",), "d": ("D",), "k": ("K",), "g": ("G",), "m": ("M",), "n": ("N",),
    "N": ("NG",), "J": ("N",), "f": ("F",), "v": ("V",), "T": ("TH",), "D": ("DH",), "s": ("S",), "z": ("Z",),
    "S": ("SH",), "Z": ("ZH",), "C": ("HH",), "x": ("HH",), "X": ("HH",), "h": ("HH",), "G": ("G",), "B": ("V",),
    "r": ("R",), "R": ("HH",), "rr": ("D",), "4": ("D",), "l": ("L",), "L": ("L",), "j": ("Y",), "w": ("W",),
    "H": ("W",), "?": (), "$": ("AH",), "p_h": ("P",), "t_h": ("T",), "k_h": ("K",),
    "tS": ("CH",), "dZ": ("JH",), "ts": ("T", "S"), "dz": ("D", "Z"), "pf": ("P", "F"),
}  # fmt: skip
"""SAMPA as the MBROLA voices write it; `R` and `r` of other languages are in `TRILLS`."""

TRILLS: dict[str, tuple[str, ...]] = {"r": ("D",)}
"""Where r is the tongue tip's: Spanish, Italian, and most others."""

FESTIVAL: dict[str, tuple[str, ...]] = {
    **{name.lower(): (name,) for name in (
        "AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW", "B", "CH", "D",
        "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH", "T", "TH", "V", "W", "Y", "Z", "ZH",
    )},
    "pau": ("SIL",), "#": ("SIL",), "h#": ("SIL",), "brth": ("SIL",), "ax": ("AH",), "axr": ("ER",), "ix": ("IH",),
    "ux": ("UW",), "dx": ("D",), "hv": ("HH",), "el": ("AH", "L"), "em": ("AH", "M"), "en": ("AH", "N"), "nx": ("N",),
    "ii": ("IY",), "i": ("IH",), "e": ("EH",), "a": ("AE",), "uh": ("AH",), "o": ("AO",), "oo": ("AO",), "u": ("UH",),
    "uu": ("UW",), "@": ("AH",), "@@": ("ER",), "ei": ("EY",), "ai": ("AY",), "oi": ("OY",), "ou": ("OW",),
    "au": ("AW",), "i@": ("IH", "AH"), "e@": ("EH", "AH"), "u@": ("UH", "AH"), "h": ("HH",), "j": ("JH",),
}  # fmt: skip
"""Festival's English voices: ARPAbet in small letters; the British ones write mrpa, where `uh` is /ʌ/."""
RADIO: dict[str, tuple[str, ...]] = {**FESTIVAL, "uh": ("UH",)}
"""The American ones and flite: `uh` is /ʊ/."""

_IGNORED = (
    "ˈˌ'ːˑ%^ˀ\u0303\u0329\u032f\u0361\u0325\u032a\u031a\u031d\u030a\u02b0\u02b2\u02b7-_~:\"/*#\\0123456789"
)
"""Stress, length, nasality, syllabicity, tone, voicing: nothing that lips show."""


def spell(symbol: str, table: Mapping[str, tuple[str, ...]]) -> tuple[str, ...] | None:
    """Our phones for a symbol, longest match first; None where the table does not know a part of it."""
    if symbol in table:
        return table[symbol]
    found: list[str] = []
    at = 0
    while at < len(symbol):
        for size in range(min(4, len(symbol) - at), 0, -1):
            entry = table.get(symbol[at : at + size])
            if entry is not None and "SIL" not in entry:  # a pause is a symbol of its own, not a part of one
                found += entry
                at += size
                break
        else:
            if symbol[at] not in _IGNORED:
                return None
            at += 1
    return tuple(found)
