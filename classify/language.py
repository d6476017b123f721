"""In which language a message is written: German, or one of those that its customers write in.

Scripts first, then small words and letters that only one language has. A few hundred words suffice for mails of two
sentences, load in no time and can be read; where they find nothing, nothing is claimed.
"""

import re
from collections import Counter
from collections.abc import Iterator

_WORD = re.compile(r"[^\W\d_]+")

SMALL_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "de": """ich und der die das nicht ist sie mit ein eine einen einem einer den dem des für auf wir mir mich uns
            ihr ihre ihren ihnen mein meine meinen meiner meinem haben habe hab hat bin sind war wird werden bitte von
            vom zum zur aus bei seit auch noch nur wie was wann warum wenn dass daß oder aber kein keine keinen kann
            können möchte im am an zu es so da hier jetzt schon mal nach über wegen heute gestern immer mehr sehr
            geehrte damen herren hallo guten tag grüße grüßen gruß vielen dank freundlichen rechnung strom zähler
            zählerstand abschlag kündigung kundennummer vertrag wohnung heizung wasser gas euro ne nen nix ham isses
            moin ihnen euch eure euer diesem dieser diese dieses ab um bis doch weil wurde unsere unser unserer
            zaehler zaehlerstand fuer ueber kuendigung gruesse""",
        "en": """the and is are was were my your you we our not have has had with for from this that it to of in on at i
            be can could would will please do does did but if what when why how there their they been since just an
            as me us dear sir madam hello hi thanks thank regards kind bill meter invoice account electricity gas water
            contract payment moved flat any get which who about still after before no yes
            amount submission reference amended""",
        "tr": """ve bir bu için ile değil var yok ben bana benim biz bize siz size sizin ne nasıl neden çok daha ama
            sonra önce kadar gibi olarak lütfen merhaba sayın teşekkür teşekkürler ederim fatura faturam elektrik
            sayaç numarası müşteri evde ev taşındım istiyorum lazım oldu olan geldi bunu şimdi hala saygılarımla
            iyi günler adres yeni eski para ödeme ödedim abi selam icin degil cok tesekkur musteri""",
        "pl": """i w na z do nie się jest to że jak co po o od za proszę mam mój moja moje mi mnie państwa państwo pan
            pani dzień dobry witam rachunek rachunku faktura fakturę licznik licznika prąd prądu umowa umowę numer
            klienta dziękuję pozdrawiam poważaniem już jeszcze czy ale bardzo przez dla oraz mieszkanie chciałbym
            chciałabym jestem został został sie prosze dziekuje""",
        "fr": """le la les un une des et est je vous nous mon ma mes votre vos pas ne que qui pour avec dans sur ce
            cette il elle au aux du en être avoir ai bonjour merci madame monsieur facture compteur contrat
            cordialement électricité appartement svp""",
        "it": """il lo la gli le un una di e è che non per con mi mio mia sono ho ha della del nel alla questo questa
            buongiorno grazie salve bolletta contatore contratto fattura cordiali saluti appartamento vorrei""",
        "es": """el la los las un una de y es que no por para con mi mis su sus me he ha del al este esta hola gracias
            buenos días factura contador contrato luz saludos piso quiero""",
        "ro": """și si nu este sunt am ai la cu pe din pentru mai că ca un o să vă va rog mulțumesc bună ziua factura
            contor contract apartament meu mea dar fost""",
        "uk": """і й та не що як це на з до у в я ми ви мене мені мій моя моє вас вам наш будь ласка добрий день дякую
            рахунок лічильник договір електроенергія номер прошу можу чи але вже також квартира була є""",
        "ru": """и не что как это на с к в я мы вы меня мне мой моя моё вас вам наш пожалуйста здравствуйте добрый день
            спасибо счёт счет счётчик счетчик договор электричество номер прошу могу ли но уже также квартира был""",
    }.items()
}

_LETTERS: dict[str, frozenset[str]] = {
    "de": frozenset("ßäöü"),
    "tr": frozenset("ışğİ"),
    "pl": frozenset("ąćęłńśźż"),
    "fr": frozenset("éèêàœù"),
    "es": frozenset("ñ¿¡"),
    "ro": frozenset("ățș"),
    "uk": frozenset("іїєґ"),
    "ru": frozenset("ыэёъ"),
}
_LETTER_WEIGHT = 0.5
_CYRILLIC = ("uk", "ru")
_LATIN = tuple(language for language in SMALL_WORDS if language not in _CYRILLIC)

_ENOUGH = 1.0
"""One small word, or two letters that only one language has."""

_MOST = 20_000
"""Characters that are looked at."""


def detect_language(text: str) -> str:
    """The language most of a text is written in, as ISO 639-1.

    Returns:
        One of the languages of ``SMALL_WORDS``, ``"ar"`` or ``"fa"``; empty if it cannot be told.
    """
    folded = text[:_MOST].lower()
    script = _script(folded)
    if script == "arabic":
        return "fa" if len(re.findall("[پچژگ]", folded)) * 50 > len(folded) else "ar"
    candidates = {"cyrillic": _CYRILLIC, "latin": _LATIN}.get(script, ())
    (second, _), (best, language) = sorted([(0.0, ""), (0.0, ""), *_scores(folded, candidates)])[-2:]
    return language if best >= _ENOUGH and best > second else ""


def _script(text: str) -> str:
    """The script of most letters: ``"latin"``, ``"cyrillic"``, ``"arabic"`` or empty."""
    number = {
        "latin": len(re.findall(r"[a-zß-öø-ÿāăąćęłńśźżışğț]", text)),
        "cyrillic": len(re.findall(r"[\u0400-\u04ff]", text)),
        "arabic": len(re.findall(r"[\u0600-\u06ff]", text)),
    }
    script = max(number, key=lambda name: number[name])
    return script if number[script] else ""


def _scores(text: str, languages: tuple[str, ...]) -> Iterator[tuple[float, str]]:
    words = Counter(_WORD.findall(text))
    letters = Counter(text)
    for language in languages:
        hits = sum(number for word, number in words.items() if word in SMALL_WORDS[language])
        marks = sum(letters[letter] for letter in _LETTERS.get(language, ()))
        # Letters count at most as much as the words do, so that one Turkish name does not make a mail Turkish.
        yield hits + min(_LETTER_WEIGHT * marks, max(hits, 2.0)), language
