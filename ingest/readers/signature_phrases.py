"""The phrases that close letters, and those that devices, mail services and companies add below.

All in lower case, for lines in lower case: without IGNORECASE these long alternatives are found twice as fast.
"""

import re

_GERMAN = (
    r"(?:(?:mit|und|&|den|die|meine[n]?|ganz|recht|sehr|viele[nm]?|beste[nmr]?|lieb(?:e[nmr]?|sten)|sch(?:ö|"
    r"oe)ne[nmr]?|"
    r"herzlich(?:e[nmr]?|sten|st)?|freundlich(?:e[nmr]?|sten|st)?|sonnige[nmr]?|dankbare[nmr]?|nette[nmr]?|"
    r"fröhliche[nr]?|"
    r"weihnachtliche[nr]?|winterliche[nr]?|österliche[nr]?|sommerliche[nr]?|kollegiale[nr]?|"
    r"hochachtungsvolle[nr]?)\s+){0,6}"
    r"gr(?:ü|ue|u)(?:ß|ss|s)(?:e?n?|le|erle)?\b"
    r"|m\.?\s?f\.?\s?g\b\.?|mbg\b|v?g?lg\b|l\.g\.|[vbh]g\b|v\.g\.|(?:mit\s+)?hochachtungsvoll\w*|herzlichst\b|"
    r"mit (?:vorzüglicher|freundlicher) (?:hochachtung|empfehlung)|freundliche empfehlung\w*|beste wünsche|"
    r"alles gute\b"
)
_ENGLISH = (
    r"(?:(?:with|my|our|very|kind(?:est)?|best|warm(?:est)?|many|sincere)\s+){0,4}(?:regards|wishes)\b|"
    r"(?:yours?|very)\s+(?:sincerely|truly|faithfully)(?:\s+yours)?\b|sincerely(?:\s+yours)?\b|respectfully\b|"
    r"all the best\b|kind rgds\b|rgds\b|cordially\b|cheers\b"
)
_OTHERS = (
    r"(?:très |bien )?cordialement\b|(?:sincères |meilleures |sinceres )?salutations(?: distinguées)?\b|"
    r"amicalement\b|bien à vous\b|"
    r"(?:cordiali|distinti|cari|tanti)?\s?saluti\b|(?:(?:un|mis) )?(?:cordial(?:es)? )?saludos?(?: cordiales)?\b|"
    r"atentamente\b|atenciosamente\b|"
    r"z (?:poważaniem|powazaniem|wyrazami szacunku)\b|(?:serdecznie )?pozdrawiam(?:y)?(?: serdecznie)?\b|"
    r"pozdrowienia\b|"
    r"(?:en derin )?sayg(?:ı|i)lar(?:ı|i)m(?:la|(?:ı|i)zla)\b|sevgilerimle\b|iyi çalışmalar(?: dilerim)?\b|"
    r"selamlar\b|"
    r"(?:met )?(?:vriendelijke|hartelijke) groet(?:en)?\b|groet(?:en|jes)\b|mvg\b|mvh\b|(?:med )?(?:venlig|"
    r"vänliga?|vennlig|bästa|bedste) h(?:i|e|ä)ls(?:en|ning(?:ar)?|ner)\b|"
    r"cu (?:stimă|respect)\b|с уважением\b|з повагою\b|s pozdravem\b|s úctou\b"
)
_THANKS = (
    r"(?:(?:vielen|herzlichen|besten|schönen|lieben|tausend|1000)\s+)?dank\b(?:\s+(?:im voraus|schon (?:mal|"
    r"einmal)|vorab|für (?:ihre|die|eure|deine) [\w äöüß]{3,40}|und))?|"
    r"danke\b(?:\s+(?:im voraus|sehr|schön|dir|ihnen|euch|schon mal|vorab))?|thank(?:s| you)\b(?:\s+(?:so much|"
    r"very much|in advance|again|and))?|"
    r"many thanks\b|merci\b|teşekkürler\b|teşekkür ederim\b|dziękuję\b|gracias\b|grazie\b"
)

_CLOSING = (
    rf"(?:(?:{_THANKS})[\s,.!&+/-]*(?:und|and|&)?\s*)?"
    rf"(?:(?:{_GERMAN})|(?:{_ENGLISH})|(?:{_OTHERS}))(?:\s*[/|,&+-]\s*(?:(?:{_GERMAN})|(?:{_ENGLISH})|"
    rf"(?:{_OTHERS})))?"
)
CLOSING = re.compile(rf"[\s*_\"']{{0,4}}{_CLOSING}")
"""A closing of a letter; the caller looks at what is behind it."""
REMAINING = re.compile(rf".{{0,94}}\bverbleiben?\b.{{0,20}}?\s{_CLOSING}")
"""``Wir freuen uns auf Ihre Antwort und verbleiben mit freundlichen Grüßen``."""

THANKS = re.compile(rf"^[\s*_]{{0,4}}(?:{_THANKS}|best\b|br\b|ciao\b|bis bald\b|tschüss\b)")
"""A closing only where a name follows."""

POSTSCRIPT = re.compile(r"^(?:p\.?\s?p?\.?\s?s\.?\s?[.:]|p\.?s\.?\s|nachtrag\b|nb\s?:|edit\s?:|ach ja|übrigens)")

_DEVICE = (
    r"iphone|ipad|ipod|blackberry|samsung|galaxy|htc|android|windows|huawei|nokia|xperia|pixel|oneplus|xiaomi|"
    r"redmi|honor|lg|sony|"
    r"mobile|cell|phone|handy|smartphone|tablet|mobilger(?:ä|ae)t|mobiltelefon|handheld|telefon|mac(?:book)?|"
    r"ger(?:ä|ae)t"
)
_APPS = (
    r"gmx|web\.de|t-online|telekom|freenet|1&1|ionos|outlook|mail|mailbox|airmail|spark|yahoo|aol|k-?9|fairemail|"
    r"protonmail|proton|tutanota|"
    r"thunderbird|canary|edison|boxer|bluemail|nine|newton|acompli|posteo|mailbox\.org|vodafone|o2|mobil\w*|unterwegs"
)

MOBILE = re.compile(
    r"^[\s<(\[*_>-]{0,4}(?:"
    rf"(?:von|aus|via) (?:meine[mnr]|unterwegs|mein)\b.{{0,60}}\b(?:gesendet|geschickt|verschickt|geschrieben)\b|"
    rf"(?:von unterwegs|mobil) gesendet\b|"
    rf"(?:diese (?:e-?mail|nachricht|mail) wurde )?(?:gesendet|geschickt|verschickt|versendet|verfasst) (?:von|mit|"
    rf"mittels|über|via|aus|per)(?: (?:der|dem|meine[mnr]|einem|einer|mein))?\s.{{0,30}}?(?:{_DEVICE}|"
    rf"{_APPS})\b.{{0,120}}|"
    rf"von (?:{_APPS})\b.{{0,40}} gesendet|get \w{{2,20}} for (?:ios|android|windows|mobile|mac)|"
    r"diese (?:nachricht|e-?mail|mail) wurde (?:von|mit|über) .{1,80} (?:gesendet|verschickt|versendet|"
    r"geschrieben)\b|"
    r"diese (?:nachricht|e-?mail|mail) wurde von .{1,20}(?:virus|viren).{0,80}|"
    r"(?:hol|lad)(?:e|en sie) (?:dir|sich)? ?outlook\b.{0,80}|outlook für (?:ios|android|mac)\b.{0,90}|"
    r"get outlook for\b.{0,90}|"
    r"(?:jetzt mit der|mit der) (?:gmx|web\.de|t-online) .{0,60}|"
    rf"sent (?:from|via|with|by|on|using) (?:(?:my|a|the|an)\s+)?(?:[\w&®™.'’+-]+\s+){{0,4}}(?:{_DEVICE}|"
    rf"{_APPS})\b[^.]{{0,90}}(?:\.\s*(?:please|sorry|excuse|bitte)[^.]{{0,60}})?|"
    r"sent from my [\w®™+-]+(?: [\w®™+-]+){0,5}|sent from (?:mailbox|yahoo mail|windows mail|outlook|"
    r"mail)\b.{0,80}|from my \S{1,20}.{0,20}|\w+ from mobile|"
    r"envoyé (?:depuis|de|à partir de) (?:mon|ma|yahoo|outlook|l'app)\b.{0,80}|inviato d(?:a|al) .{1,60}|"
    r"enviado (?:desde|do|de) (?:mi|meu|yahoo|outlook)\b.{0,60}|"
    r"verzonden (?:met|vanaf) .{1,60}|verstuurd vanaf mijn .{1,50}|sendt fra (?:min|mit|outlook)\b.{0,60}|"
    r"skickat från min\b.{0,60}|från min .{1,40}|"
    r"wysłan[oea] z .{1,60}|(?:iphone|ipad|android|samsung)\S{0,3}\S{0,12} (?:cihazımdan )?gönderildi.{0,20}|"
    r".{1,30}(?:'|’)?(?:dan|den|umdan|imdan|ımdan) gönderildi|"
    r"從我的 .{1,20} 傳送|发自我的.{1,20}|odesláno z .{1,40}"
    r")[\s.!)\]>*_-]{0,6}(?:[<(]?https?://\S{1,200}[>)]?)?[\s.!)\]>*_-]{0,6}$"
)
"""A line that a device or a mail service adds, the whole of it."""

CONTACT = re.compile(
    r"(?:^|\s)(?:tel(?:efon)?|fon|phone|mobile?|mobil(?:telefon|nummer)?|handy|fax|telefax|e-?mail|mail|web|www|"
    r"internet|homepage|cell|t|m|f|e|w|p)\s?[.:]{1,2}\s?\S|"
    r"\bwww\.\w|https?://|^<?[\w.+-]{1,60}@[\w-]{1,60}\.[\w.-]{1,60}>?(?:\s|$)|^\+?[\d(][\d\s()/.–-]{6,24}$|(?:^|"
    r"[,|•·]\s?)(?:d-)?\d{5}\s[a-zäöü]|"
    r"^[a-zäöü][\w.-]{2,40}(?:str(?:\.|aße|asse)|weg|platz|allee|gasse|ring|damm|ufer)\s\d"
)
"""A line of a contact block."""

DATA = re.compile(
    r"z(?:ä|ae)hler(?!\w*haft)|ablese|abgelesen|verbrauch|stand\s?:|kwh|abschlag|einzug|auszug|"
    r"iban\b(?!.{0,40}bic.{0,60}(?:bank|sparkasse))"
)
"""Words of what customers forget above their name and add below it."""

FOOTER = re.compile(
    r"\b(?:hrb|hra|hr b|ust-?id\w*|ust\.?-?idnr|steuer-?n(?:r|ummer)|amtsgericht|registergericht|handelsregister|"
    r"gesch(?:ä|ae)ftsf(?:ü|ue)hr(?:er|ung|erin|ender)\w*|aufsichtsrat\w*|vorstand(?:svorsitzende\w*)?|"
    r"sitz der gesellschaft|vertretungsberechtigt\w*|"
    r"disclaimer|confidential\w*|privileged|intended (?:recipient|only|solely)|intended for|unauthori[sz]ed|"
    r"vertraulich\w*|rechtlich gesch(?:ü|ue)tzt\w*|irrt(?:ü|ue)mlich|unbefugt\w*|nicht der (?:richtige|"
    r"beabsichtigte) (?:adressat|empf(?:ä|ae)nger)|bestimmungsgem(?:ä|ae)(?:ß|ss)\w*|"
    r"dsgvo|datenschutz(?:erkl(?:ä|ae)rung|hinweise?|informationen?|bestimmungen|grundverordnung)|"
    r"informationspflicht\w*|verarbeitung (?:ihrer )?(?:personenbezogene\w*|daten)|"
    r"(?:denken|bitte) .{0,30}(?:umwelt|ausdruck\w*|drucken)|ausdrucken|before (?:you )?print\w*|"
    r"consider the environment|umwelt|papierverbrauch|"
    r"avast|avg\b|virenfrei|virus[- ]?free|viren gepr(?:ü|ue)ft|auf viren|gepr(?:ü|ue)ft von|"
    r"unsubscribe|abmelden|abbestellen|mailing ?list|mailingliste|google groups?|listinfo|newsletter|"
    r"registered (?:office|in)|company (?:registration|number)|vat (?:no|number|reg))\b|facebook\.com|"
    r"instagram\.com|linkedin\.com|twitter\.com|_{10,}"
)
"""Words of the notices that companies, lawyers and lists put below."""
