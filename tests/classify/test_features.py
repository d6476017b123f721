import numpy as np

from classify.features import MAX_WORDS, buckets_of_word, counts, fold, spread, weighting_of

BITS = 18


def shared(first: str, second: str) -> float:
    one, two = set(buckets_of_word(first, BITS).tolist()), set(buckets_of_word(second, BITS).tolist())
    return len(one & two) / len(one | two)


def test_umlauts_and_their_spellings_are_the_same() -> None:
    assert fold("KÜNDIGUNG Straße") == "kuendigung strasse"
    assert buckets_of_word("Zähler", BITS).tolist() == buckets_of_word("ZAEHLER", BITS).tolist()


def test_errors_of_a_scan_leave_most_of_a_word() -> None:
    assert shared("Zählerstand", "Zäh1erstand") > 0.25
    assert shared("Zählerstand", "Abschlag") < 0.05


def test_numbers_count_by_their_length_only() -> None:
    assert buckets_of_word("4711", BITS).tolist() == buckets_of_word("1234", BITS).tolist()
    assert buckets_of_word("1EMH0012", BITS).tolist() == buckets_of_word("1EMH9876", BITS).tolist()
    assert buckets_of_word("4711", BITS).tolist() != buckets_of_word("47", BITS).tolist()


def test_the_order_of_words_is_seen() -> None:
    one, two = counts("nicht bezahlt", BITS)[0], counts("bezahlt nicht", BITS)[0]
    assert one.tolist() != two.tolist()


def test_rows_have_length_one_and_leave_out_what_was_never_seen() -> None:
    texts = ["Der Zähler ist defekt", "Der Abschlag ist zu hoch", "Der Zähler steht"]
    weighting = weighting_of([counts(text, BITS) for text in texts], bits=BITS)
    positions, values = weighting.row("Der Zähler")
    assert np.isclose(np.linalg.norm(values), 1)
    assert (np.diff(positions) > 0).all()
    for text in ("", "!!!", "xyzzy"):
        assert len(weighting.row(text)[0]) == 0


def test_contributions_of_buckets_come_back_to_the_words() -> None:
    text = "Zähler Zähler defekt"
    weighting = weighting_of([counts(text, BITS)], bits=BITS, at_least=1)
    positions, values = weighting.row(text)
    words = spread(text, weighting, positions, values)
    assert [text[start:end] for start, end, _ in words] == ["Zähler", "Zähler", "defekt"]
    assert np.isclose(sum(weight for _, _, weight in words), values.sum(), atol=1e-4)


def test_an_endless_text_is_read_from_its_beginning() -> None:
    beginning = " ".join(f"wort{number}" for number in range(MAX_WORDS))
    assert counts(f"{beginning} ende", BITS)[0].tolist() == counts(beginning, BITS)[0].tolist()
