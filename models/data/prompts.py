"""Where `models.training.prompts` finds recorded speech: Debian packages, who speaks in them, under which licence.

None of it is redistributed and none of it is part of the project: it is read for training only.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """A package with recordings, or the part of one that has its own way of naming speakers."""

    package: str
    """Debian's name."""
    name: str
    """Ours, at the front of every file made from it."""
    pattern: str
    """Regular expression found in the path of a recording; the group `who`, where there is one, is the speaker."""
    licence: str
    archive: str = ""
    """Suffix of zip archives inside the package whose entries the pattern names."""
    options: tuple[str, ...] = ()
    """What ffmpeg must be told about a file that does not say what it is."""


_G722 = ("-f", "g722")
_GSM = ("-f", "gsm")
_U8 = ("-f", "u8", "-ar", "11025", "-ac", "1")

SOURCES = (
    *(
        Source(
            f"asterisk-core-sounds-{language}-g722",
            f"asterisk_{language}",
            r"sounds/\w+?_(?P<who>[A-Za-z]+)/(?!silence).*\.g722$",
            "CC-BY-SA-3.0",
            options=_G722,
        )
        for language in ("en", "es", "fr", "it", "ru")
    ),
    Source("hedgewars-data", "hedgewars", r"Sounds/voices/(?P<who>\w+)/.*\.ogg$", "GPL-2"),
    Source("fillets-ng-data-cs", "fillets_cs", r"/cs/[a-z0-9]+-(?P<who>[mv])-.*\.ogg$", "GPL-2+"),
    Source("fillets-ng-data-nl", "fillets_nl", r"/nl/[a-z0-9]+-(?P<who>[mv])-.*\.ogg$", "GPL-2+"),
    Source("fillets-ng-data-cs", "fillets_cs_cast", r"/cs/(?P<who>[a-z0-9]+)-(?![mvx0-9]-).*\.ogg$", "GPL-2+"),
    Source("fillets-ng-data-nl", "fillets_nl_cast", r"/nl/(?P<who>[a-z0-9]+)-(?![mvx0-9]-).*\.ogg$", "GPL-2+"),
    Source("fillets-ng-data", "fillets_en", r"/en/(?P<who>[a-z]+)[^/]*\.ogg$", "GPL-2+"),
    Source("ktuberling-data", "ktuberling", r"ktuberling/sounds/(?P<who>\w+)[^/]*/.*\.(wav|ogg)$", "GPL-2+"),
    Source("klettres-data", "klettres", r"klettres/(?P<who>\w+)/(alpha|syllab)/.*\.ogg$", "GPL-2+"),
    Source("tuxpaint-stamps-default", "tuxpaint", r"_desc(_(?P<who>\w+))?\.(ogg|wav)$", "GPL-2"),
    Source("warzone2100-data", "warzone", r"audio/(?P<who>memressp|tutorial|countdown|vtoltalk|nexus|coltive|trnsppil|"
           r"proxmessages|taunts/taunt\d)/.*\.ogg$", "GPL-2+ / CC-BY-SA-3.0", archive=".wz"),
    Source("nexuiz-data", "nexuiz", r"sound/(player/(?P<who>[\w-]+)/coms|announcer/male|tutorial)/.*\.(ogg|wav)$",
           "GPL-2+", archive=".pk3"),
    Source("drascula", "drascula", r"drascula/en/(?P<who>[A-Z]*)\d+\.ALS$", "Drascula licence (free to copy)",
           options=_U8),
    Source("asterisk-prompt-fr-armelle", "asterisk_armelle", r"sounds/fr/.*\.gsm$", "GPL-2+", options=_GSM),
    Source("asterisk-prompt-es-co", "asterisk_co", r"sounds/es/.*\.gsm$", "GPL-2+", options=_GSM),
    Source("asterisk-prompt-it-menardi-wav", "asterisk_menardi", r"it_IT_f_Menardi/(?!silence).*\.wav$",
           "CC-BY-SA-3.0-IT"),
    Source("gcin-voice", "gcin", r"/(?P<who>[35])\.ogg$", "CC-BY-3.0"),
    Source("scid-data", "scid", r"scid/sounds/(?!alert|move)\w+\.wav$", "GPL-2"),
    Source("alsa-utils", "alsa", r"sounds/alsa/(?!Noise).*\.wav$", "GPL-2"),
    Source("codec2-examples", "codec2", r"codec2/raw/(?P<who>\w+)\.raw$", "LGPL-2.1",
           options=("-f", "s16le", "-ar", "8000", "-ac", "1")),
    Source("pocketsphinx-testdata", "pocketsphinx", r"librivox/.*\.wav$", "BSD"),
)  # fmt: skip
"""In the order in which they are gathered: the cleanest first."""
