import pytest

from classify.language import detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Bitte senken Sie meinen Abschlag auf 80 Euro.", "de"),
        ("hab den zaehlerstand vergessen, is 4711", "de"),
        ("strom weg hier", "de"),
        ("My electricity meter shows 4711 and the bill is wrong.", "en"),
        ("Please cancel my contract", "en"),
        ("Elektrik faturam çok yüksek, lütfen kontrol edin.", "tr"),
        ("Merhaba, taşındım, yeni adres nasıl verilir", "tr"),
        ("Dzień dobry, proszę o kopię faktury za prąd.", "pl"),
        ("Доброго дня, прошу надіслати рахунок за електроенергію.", "uk"),
        ("Здравствуйте, у нас нет света со вчерашнего дня, что делать?", "ru"),
        ("السلام عليكم، لم أستلم فاتورة الكهرباء", "ar"),
        ("Bonjour, je n'ai pas reçu ma facture.", "fr"),
        ("Buongiorno, vorrei la copia della fattura.", "it"),
        ("Buenos días, quiero cambiar mi contrato de luz.", "es"),
        ("Bună ziua, vă rog să îmi trimiteți factura.", "ro"),
    ],
)
def test_language_of_short_mails(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", "12345", "1EMH0012345678", "?!", "Zzz qqq", "你好"])
def test_nothing_is_claimed_where_nothing_can_be_told(text: str) -> None:
    assert detect_language(text) == ""


def test_a_turkish_name_does_not_make_a_german_mail_turkish() -> None:
    assert detect_language("Strom ist weg. Şükrü Yıldırım, Işık Apartmanı") == "de"
