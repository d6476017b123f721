"""What machines write: senders, subjects and first sentences of bounces, automatic answers and receipts.

All in lower case, for text in lower case: without IGNORECASE these long alternatives are found twice as fast.
"""

import re

REPLY_PREFIX = re.compile(r"^\W*(?:re|aw|antw|antwort|sv|odp|ynt|wg|fwd?|tr|rv)\s*(?:\[\d+\]|\(\d+\))?\s*:")
"""Somebody answers or passes on; what follows is what the other mail was called."""

DAEMON = re.compile(
    r"mailer[-_. ]?daemon|mail[-_. ]?daemon|maildaemon|mdaemon|^mailagent|^bounces?@|^bounced?-|^undeliver|"
    r"^mail-?delivery|"
    r"^mailsystem@|^mail\.system|^double-bounce@|microsoftexchange[0-9a-f]{20,}|^mms_relaysvr|^smtp-?gateway@|"
    r"^mailadmin(?:istrator)?@|^systemadministrator@|^dsn@|^no-?reply@.*bounce|^mail-router|^autoreply-?bounce",
)
"""Addresses that only a mail server has."""

DAEMON_NAME = re.compile(
    r"mail(?:er)?[- ]?daemon|(?:e?-?mail|message) (?:delivery|transfer) (?:(?:sub)?system|service|agent|software)|"
    r"mail delivery|microsoft (?:exchange|outlook)$|system ?administrator|mail administrator|internet mail delivery|"
    r"delivery (?:subsystem|notification|service)|postmaster|bounce ?(?:manager|service|notification)|"
    r"mail ?system|mailsystem|mail server|mailserver|content filter|mail router|mta\b|amavis",
)

POSTMASTER = re.compile(
    r"^(?:postmaster|post\.master|root|mailadmin|admin(?:istrator)?|mail|mailman-bounces|smtp|uucp)@"
)

BOUNCE_SUBJECT = re.compile(
    r"^\W*(?:\[?(?:auto(?:matic)?|warning|spam|junk|bulk|external|extern|postmaster)\]?\W*)?(?:"
    r"(?:e?-?mail|email) delivery (?:failed|failure|error|problem)|nondeliverable|aws notification|"
    r"message you sent (?:blocked|rejected)|considered unsolicited bulk|banned contents from you|"
    r"virus .{0,60}from you|"
    r"übermittlungsstatus|(?:zustell)?statusbenachrichtigung|benachricht(?:ig)?ung zum \W?(?:übermittlungs|zustell)|"
    r"mailing to remote|your message to .{1,80} awaits|notification de non|avis ?: impossible|"
    r"メッセージを配信|メール配信|"
    r"mail(?:ing)? ?delivery (?:failed|failure|error|problem|report|status|system|delayed|notification|warning|"
    r"was not)|"
    r"mail (?:failure|error|system error|could not be|not delivered|returned|undeliverable|rejected|"
    r"delivery subsystem|nicht zustellbar)|"
    r"undeliver(?:able|ed|y)?(?: (?:mail|message|e-?mail|news|post))*(?: returned to (?:sender|"
    r"originator))?\s*(?::|$|-|\(|warning|notice|report)|"
    r"undeliver(?:able|ed) (?:mail|message|e-?mail)|unzustellbar(?:e[rs]?)?\b|nicht zustellbar\b|"
    r"returned (?:e-?)?mail\b|return(?:ed|ing) (?:mail|message|to sender)|e?-?mail returned|"
    r"failure notice\b|delivery (?:status )?notification\s*(?:\(|:|$|-|fail)|delivery (?:failure|failed|error|"
    r"report|has failed|problem|delayed|"
    r"status|unsuccessful|reports about your)|failed (?:delivery|mail|to deliver)|failure (?:delivery|notice|"
    r"notification)|"
    r"message (?:delivery (?:failure|failed|delayed|status|problem|error)|undeliverable|could not be delivered|"
    r"frozen|not delivered|rejected|you sent)|"
    r"(?:your|the) (?:e-?mail|message|mail) (?:to .{1,80} )?(?:could not|couldn't|cannot|can't|was not|wasn't|"
    r"has not|was undeliver|not deliver|failed|"
    r"is undeliver|has been (?:returned|rejected|delayed))|could not (?:be )?(?:deliver|send)|cannot deliver|"
    r"can't deliver|unable to deliver|"
    r"non[- ]?delivery|nondeliverable|non ?remis|non recapitabile|ndn\s*:|ndr\s*:|dsn\s*:|"
    r"postmaster notify|notice\s*:\s*mail delivery|notice: message|notify: |"
    r"warning\s*:?\W*(?:could not send|message|mail|delivery)|mail system error|bounced? (?:mail|message|e-?mail)|"
    r"(?:delayed|verzögerte) (?:mail|zustellung|message)|error (?:sending|delivering|in (?:forwarding|delivery))|"
    r"there was an error sending|problem (?:mit|with) .{0,20}(?:zustell|deliver)|loop alert|user unknown|"
    r"unknown (?:user|recipient)|"
    r"(?:e-?mail|mail|nachricht)[ -]?(?:zustell(?:ung|fehler|problem)|zustellungs(?:fehler|problem))|"
    r"zustell(?:ung)?s?(?:fehler|bericht|benachrichtigung|"
    r"statusbenachrichtigung|problem|ung fehlgeschlagen|ung nicht)|benachrichtigung (?:über|zum) .{0,20}(?:zustell|"
    r"status)|"
    r"(?:ihre )?(?:nachricht|e-?mail|mail) (?:konnte|kann|wurde) .{0,60}nicht |fehler bei der (?:zustellung|"
    r"übermittlung)|rückläufer|"
    r"(?:échec|echec) de (?:la )?(?:remise|distribution|livraison)|notification d.état|courrier non remis|"
    r"message non (?:remis|distribué)|"
    r"no se (?:puede|pudo) entregar|mensaje (?:no entregado|devuelto)|correo devuelto|error de entrega|"
    r"devoluci[oó]n de|"
    r"mancat[ao] (?:consegna|recapito)|messaggio non (?:consegnato|recapitat\w*)|impossibile recapitare|"
    r"consegna fallita|"
    r"niedostarcz\w*|nie (?:można|udało się) dostarczyć|zwrot|teslim edilemedi|iletilemedi|iletisi teslim|"
    r"onbestelbaar|niet afgeleverd|kan niet worden bezorgd|ikke leveret|kunne ikke leveres|olevererbar|ej levererat|"
    r"não (?:foi )?(?:entregue|é possível entregar)|falha na entrega|недоставлен|не доставлено|сообщение не|toimitus|"
    r"nedoručiteln|kézbesíthetetlen|配信(?:不能|エラー)|退信|系统退信|returned due to|"
    r"mailbox (?:full|unavailable|is full)|"
    r"quota (?:exceeded|warning)|"
    r"rejected (?:mail|posting|message)|recipient (?:rejected|unknown)|spam(?:mail)? (?:rejected|blocked))",
)

BOUNCE_TEXT = re.compile(
    r"hi\. this is the |this is the (?:qmail|mail system|postfix|mail delivery|machine generated|mail transport|"
    r"e-?mail system|courier|symantec|mailer)|"
    r"this (?:message|e-?mail|mail|report|notice) (?:was|is|has been) (?:created |generated |sent |"
    r"an? )?(?:automatically |automatic )?"
    r"(?:created |generated |sent )?(?:by|from) (?:the |an? |our )?(?:mail|smtp|e-?mail|delivery|server|postfix|"
    r"automatic mail|mimedefang|exim)|"
    r"this is an automatically generated (?:delivery|mail|message from)|this is an informative message sent by|"
    r"(?:was|were|is|be|been) undeliverable|undeliverable (?:to|mail|message|recipient|address)|could(?: not|n't|"
    r" n't|not) be (?:\w+ )?(?:delivered|sent|reached|found|routed)|"
    r"cannot be delivered|can not be delivered|can't be delivered|(?:was|were|has|have|been|"
    r"be) ?n[o']t (?:been )?(?:able to be )?delivered|not (?:able to )?deliver|"
    r"unable to (?:\w+ ){0,3}(?:deliver|relay|route|send|process your)|undelivered|delivery (?:to the following|"
    r"of (?:the|this|your)|has failed|failed|failure|attempt|status notification|error|report|"
    r"notification|unsuccessful|problem|is delayed|has been delayed|not possible)|failed (?:to deliver|recipient|"
    r"permanently|address|delivery)|"
    r"(?:did not|didn't|didn’t) reach the following|had (?:permanent|transient|delivery) (?:fatal |"
    r"non-fatal )?(?:errors|problems)|"
    r"the following (?:address|recipient|e-?mail|mail|error|user|message)\w*(?:\(?e?s\)?)? (?:\w+ ){0,3}(?:fail|"
    r"had|were|was|have|has|could|can|did|is|are|encountered|you sent|rejected|not)|"
    r"(?:address|recipient|mailbox|user|domain|account|host)(?:es|s|\(es\)|\(s\))? (?:\w+ ){0,4}(?:unknown|"
    r"not (?:found|known|listed|exist|valid|available)|does ?n[o']t exist|doesn't exist|failed|rejected|"
    r"is full|unavailable|over quota|exceeded|disabled|inactive|no longer|refused|is not valid)|"
    r"(?:unknown|no such|invalid|unrouteable|unroutable|illegal|bad|non-?existent) (?:local |or illegal )?(?:user|"
    r"recipient|address|mailbox|alias|account|host|domain|destination)|"
    r"returned to (?:sender|you)|return(?:ed|ing) (?:your )?(?:mail|message|e-?mail)|message (?:you sent|returned|"
    r"frozen|has been frozen|rejected|was rejected|bounced|refused)|"
    r"(?:mail|message|e-?mail) (?:\w+ ){0,6}(?:bounced|rejected|returned|blocked|refused|delayed|not accepted|"
    r"has not been|not read|expired)|"
    r"still being retried|will (?:keep trying|be retried|continue to try|retry)|no need to (?:resend|retry)|"
    r"warning message only|giving up on|remote host said|"
    r"transcript of session|smtp error|lmtp error|said:? ?[45]\d\d|mailbox (?:is )?full|quota exceeded|over quota|"
    r"exceed\w* (?:\w+ )?(?:quota|storage|size|limit)|loop detected|too many hops|"
    r"nicht (?:\w+ )?(?:zugestellt|zustellbar|ausgeliefert|übermittelt|erreicht|weitergeleitet werden konnte)|"
    r"unzustellbar|zustellung (?:\w+ ){0,4}(?:fehl|nicht|verzögert|unmöglich|gescheitert)|"
    r"empfänger (?:\w+ ){0,4}(?:unbekannt|nicht|existiert)|postfach (?:\w+ ){0,4}(?:voll|überfüllt|nicht)|"
    r"automatisch (?:generiert|erstellt|erzeugt)\w* (?:\w+ ){0,4}(?:mail|server|system|fehler)|"
    r"konnte(?:n)? (?:\w+ ){0,8}nicht (?:\w+ )?(?:zugestellt|ausgeliefert|gesendet|übermittelt)|"
    r"n'a (?:pas |pu )?(?:pu )?(?:être |etre )?(?:remis|délivré|distribu|transmis|atteint)|n'ont pas (?:pu|reçu)|"
    r"échec de la remise|"
    r"no (?:pudo|puede|se ha podido|se pudo|ha podido) (?:ser )?(?:entreg|envi)|su mensaje no|il messaggio non|"
    r"non (?:è|e') (?:stato )?(?:possibile |recapitato|consegnat)|"
    r"nie (?:mogła|można|została|udało się)|não (?:pôde|foi possível|pode) (?:ser )?entreg|kon niet worden|"
    r"niet worden (?:afgeleverd|bezorgd)|kunne ikke leveres|"
    r"teslim edilemedi|не (?:может|удалось|было|доставлен)|配信(?:でき|不能)|お届け|送信でき",
)
"""Sentences that explain why a mail did not arrive; they count at the beginning of a text."""

BOUNCE_MARK = re.compile(
    r"^[^\w\n]{0,12}(?:final-recipient|original-recipient|diagnostic-code|reporting-mta|remote-mta|x-postfix-queue-id|"
    r"action)\s{0,3}:[ \t]{0,10}\S|"
    r"^-{2,} ?(?:below this line is a copy|this is a copy of (?:the|your) message|transcript of session|"
    r"the following addresses|"
    r"the transcript|message header follows|message text follows|unsent message|undelivered message|"
    r"returned message|die nachricht|"
    r"session transcript|original message follows|included is a copy)|^generating server\s*:|"
    r"^[^\w\n]{0,12}diagnostic information for administrators|"
    r"^[^\w\n]{0,12}(?:reason|error|fehler|grund) ?\w* ?: .{0,80}[45]\d\d",
    re.MULTILINE,
)
"""Lines that only reports have."""

SMTP_CODE = re.compile(
    r"\b[45]\d\d[ -]{1,3}#?[45]\.\d{1,3}\.\d{1,3}\b|#[45]\.\d{1,3}\.\d{1,3}\b|\bstatus\s*[:=] ?[45]\.\d\.\d|"
    r"\b5[05]\d[ :-]{1,3}(?:\W?(?:user|unknown|no |not|mail|recip|sorry|request|relay|invalid|address|account|<|"
    r"unrout|permanent|message|host|sender|"
    r"access|service|spam|domain|5\.|quota|over|does|rejected|this|that|unable|delivery|verify|cannot|transaction|"
    r"denied|blocked|remote|rcpt|the))",
)

AUTO_SUBJECT = re.compile(
    r"^\W*(?:\[?(?:extern(?:al)?|spam)\]?\W*)?(?:"
    r"automatische (?:antwort|r[üu]ckantwort|e-?mail-antwort|eingangsbest\w+|abwesenheit\w*)\b|"
    r"automatisch(?:e|er) (?:antwort|reply)|autom\. antwort|"
    r"auto(?:mati(?:c|ed|que|sk|co|sch))?[- ]?(?:generated )?(?:reply|respon[sd]\w*|answer|antwort|respuesta|"
    r"acknowledge?ment)|"
    r"autoreply|autorespond\w*|"
    r"abwesenheit(?:s?(?:notiz|nachricht|meldung|mitteilung|benachrichtigung|assistent|info(?:rmation)?|agent)?)\s*"
    r"(?:[:(!,-]|$|vom|bis|von|ab|im|wegen|\d)|"
    r"ooo\b|oof\b|out[ -]?of[ -]?(?:the[ -])?offf?ice\b|out of (?:my )?office|vacation (?:reply|message|notice|"
    r"response|autoreply|alert)|"
    r"away (?:from (?:my|the) (?:mail|e-?mail|desk|office)|message|notice)|"
    r"r(?:é|e)ponse (?:automatique|en cas d.absence|d.absence)|message d.absence|respuesta automática|"
    r"fuera de (?:la )?oficina|"
    r"risposta automatica|fuori (?:ufficio|sede)|resposta automática|fora do escrit|autom(?:atyczna|\.) odpowied|"
    r"odpowiedź automatyczna|poza biurem|otomatik (?:yanıt|cevap)|ofis dışında|automatisch antwoord|"
    r"automatische? (?:beantwoording|bericht)|buiten kantoor|"
    r"autosvar|automatiskt? svar|automaattinen vastaus|automatická odpověď|automatikus válasz|"
    r"автоответ|автоматический ответ|автоматична відповідь|自动(?:回复|答复)|自動(?:応答|回覆|返信)|不在(?:通知|連絡)?|"
    r"răspuns automat|αυτόματη απάντηση|自動回答)",
)
"""Subjects that only automatic answers have."""

AWAY_SUBJECT = re.compile(
    r"^\W*(?:auto ?:|(?:ich )?(?:bin )?abwesend\b|nicht im (?:haus|b(?:ü|ue)ro|dienst|office)\b|au(?:ß|ss)er haus\b|"
    r"(?:bin )?(?:im|in) urlaub\b|urlaubs?(?:notiz|meldung|abwesenheit|benachrichtigung|vertretung)?\b|"
    r"betriebsferien\b|"
    r"out of town|away (?:until|on)|vacation|(?:i am |i'm |currently )(?:away|out|on (?:vacation|holiday|leave))|"
    r"on (?:vacation|holiday|annual leave|leave|maternity|parental)|maternity leave|parental leave|"
    r"(?:no longer|nicht mehr) (?:with|at|employed|working|beschäftigt|im unternehmen|erreichbar)|"
    r"absen(?:ce|t)\b|ausen(?:te|cia)\b|assente\b|ausência|nieobecno|izindeyim|afwezig|frånvaro|fravær|poissa|"
    r"отсутств)",
)
"""Subjects that people use as well."""

AUTO_TEXT = re.compile(
    r"(?:dies(?:e)?|das|hierbei handelt es sich um|es handelt sich) (?:nachricht |e-?mail |mail |antwort )?"
    r"(?:ist |um |wurde |wird )?(?:eine? )?automatisch\w*|automatische (?:antwort|nachricht|e-?mail|eingangs)|"
    r"automatisch (?:erzeugt|generiert|erstellt|versandt|versendet|beantwortet)\w*|abwesenheits?(?:notiz|nachricht|"
    r"meldung|assistent)|"
    r"(?:e-?mails?|nachrichten?|mails?|post) (?:werden|wird) (?:\w+ ){0,6}(?:nicht )?(?:weitergeleitet|gelesen|"
    r"bearbeitet|abgerufen)|"
    r"(?:in|bei) (?:dringenden|wichtigen|eiligen) (?:f(?:ä|ae)llen|angelegenheiten|anliegen)|"
    r"bitte antworten sie nicht auf diese|"
    r"ihre (?:anfrage|e-?mail|nachricht|mail) (?:ist (?:bei uns )?|wurde (?:erfolgreich )?|"
    r"haben wir )(?:eingegangen|erhalten|empfangen)|"
    r"wir haben ihre (?:e-?mail|nachricht|anfrage|mail) erhalten|nicht mehr (?:für|bei) .{1,60} (?:tätig|"
    r"beschäftigt)|"
    r"(?:this is an? |an? )?automat(?:ed|ic)(?:ally)? (?:generated )?(?:reply|response|message|e-?mail|mail|answer|"
    r"acknowledge?ment)|"
    r"auto-?(?:reply|response|responder|generated)|out[ -]of[ -](?:the[ -])?office|out of office|"
    r"limited access to (?:my )?e?-?mail|do not reply to this|no longer (?:with|at|works?|employed)|"
    r"we have received your|"
    r"thank you for (?:contacting|your (?:e-?mail|message|interest|inquiry|enquiry|mail))|"
    r"will (?:respond|reply|get back|answer) .{0,40}(?:when i|upon|as soon|on my|once)|"
    r"suis (?:actuellement )?absent|estoy fuera|estaré (?:fuera|ausente)|sono (?:assente|fuori)|jestem nieobecn|"
    r"nieobecny|"
    r"ofis dışında|niet (?:aanwezig|op kantoor)|estou (?:ausente|de férias)|不在|休假|休暇",
)
"""Sentences of automatic answers; they count at the beginning of a text."""

AWAY_TEXT = re.compile(
    r"(?:bin|sind|ist) (?:[\w.,–-]+ ){0,14}?(?:nicht (?:im (?:hause?|b(?:ü|ue)ro|dienst|office)|erreichbar|"
    r"an meinem|am platz)|"
    r"abwesend|au(?:ß|ss)er haus|im (?:urlaub|mutterschutz)|in (?:elternzeit|urlaub))|"
    r"(?:am|are|be|is|i'm|i’m|we're|been) (?:[\w'’,.]+ ){0,5}?(?:out of (?:the )?country|away|"
    r"on (?:annual |maternity |paternity |parental |sick |business )?(?:leave|vacation|holidays?|travel)|"
    r"on a (?:business )?trip|"
    r"travel+ing|unavailable|out of town|in meetings)|i will be (?:back|away|out|returning|travel)|"
    r"absent[e]? (?:du|jusqu)|izinde|afwezig",
)
"""Sentences about an absence, which people write as well."""

RECEIPT_SUBJECT = re.compile(
    r"^\W*(?:gelesen|nicht gelesen|ungelesen gelöscht|read(?: receipt)?|not read|lesebest(?:ä|ae)tigung|"
    r"empfangsbest(?:ä|ae)tigung|return receipt|read-?receipt|disposition notification|"
    r"lu|non lu|letto|non letto|leído|no leído|przeczytane|okundu|gelezen|ontvangstbevestiging|zugestellt|"
    r"übermittelt|weitergeleitet|delivered|relayed|delivery receipt|"
    r"confirmation de lecture|delivery status notification \((?:success|relay|delivered)\)|"
    r"successful mail delivery|mail delivery (?:success|was successful)|übermittlungsbest\w+)\s*(?:[:(-]|$|\()",
)

RECEIPT_TEXT = re.compile(
    r"(?:ihre|die) (?:nachricht|e-?mail)[\s\S]{0,600}?(?:wurde|ist)[\s\S]{0,120}?(?:gelesen|angezeigt|gelöscht)|"
    r"your message[\s\S]{0,600}?was (?:read|displayed|deleted)|"
    r"this is a (?:return|read|delivery) receipt|(?:dies|das) ist eine (?:empfangs|lese)bestätigung|"
    r"return receipt for|note: this return receipt only|"
    r"(?:empfangsbestätigung|lesebestätigung) (?:für|bestätigt|garantiert)|message (?:was|"
    r"has been) (?:successfully )?(?:delivered|relayed) to|successfully delivered|erfolgreich (?:zugestellt|"
    r"übermittelt)|"
    r"delivery (?:to these recipients|of your message) (?:is|was|has been) (?:complete|successful)|"
    r"zustellung (?:\w+ ){0,6}(?:abgeschlossen|erfolgreich)",
)

ABUSE_SUBJECT = re.compile(
    r"^\W*(?:abuse report|complaint about message from|e?-?mail feedback report|feedback loop|spam report|"
    r"report domain:|"
    r"\[?dmarc)",
)

PERSON = re.compile(
    r"^\W*(?:hallo|guten (?:tag|morgen|abend)|sehr geehrte|liebe[rs]?\b|moin|servus|grüß|hi\b(?!\. this)|hello|"
    r"dear (?!sender|user|customer|postmaster|recipient)|good (?:morning|day)|werte)|"
    r"\b(?:ich (?:bekomme|bekam|erhalte|erhielt|habe|wollte|versuche|kann|hatte)|habe ich|wir (?:bekommen|erhalten|"
    r"haben)|kommt (?:immer|zurück)|meine (?:mail|e-?mail|nachricht)|folgende(?:r|s)? (?:meldung|fehler\w*|mail)|"
    r"i (?:get|got|receive|received|tried|sent|keep|am getting|have)|when i|can you|could you|please (?:help|"
    r"advise|check)|können sie|könnten sie|was (?:heißt|bedeutet))\b",
)
"""Somebody speaks for himself before any report is quoted."""

_ID = r"<?([^\s<>\"@]{1,300}@[^\s<>\"@]{1,250})>?"
ORIGINAL_ID = re.compile(
    rf"^[ \t>]{{0,20}}(?:x-)?original-message-id[ \t]{{0,5}}:\s{{0,20}}{_ID}", re.IGNORECASE | re.MULTILINE
)
MESSAGE_ID = re.compile(
    rf"^[ \t>]{{0,20}}(?:message[- ]id|nachrichten-?id)[ \t]{{0,5}}:\s{{0,20}}{_ID}", re.IGNORECASE | re.MULTILINE
)
