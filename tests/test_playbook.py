"""Playbooks: TOML there and back, mistakes named by file and key, frozen values, digests of what matters."""

import re
import tomllib

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import alvh as av
from alvh import playbook, rules
from alvh.errors import AlvhError, SpecError
from alvh.playbook import Arm, EqualCost, Layer, Progression, Sell, Size, Strikes

PLAIN = av.preset("plain")


# There and back


@pytest.mark.parametrize("name", av.presets())
def test_preset_is_written_and_read_back(name):
    arm = av.preset(name)
    assert arm.name == name
    assert arm.about
    again = Arm.from_toml(arm.to_toml())
    assert again == arm
    assert again.digest == arm.digest
    assert hash(again) == hash(arm)


def positive(most=1e6):
    return st.floats(1e-6, most)


texts = st.text(st.characters(codec="utf-8"), max_size=40)
conditions = st.sampled_from(
    [None, "vix > 28", "(vix > 28).for_sessions(3) and\n\trsi_14 < 30", "25 < vix < 30 or not known(rsi_14)"]
)
exits = st.sampled_from([None, "loss >= 2 * credit", "profit >= 0.5 * credit or days_to_expiry <= 5"])
windows = st.integers(1, 400) | st.tuples(st.integers(1, 60), st.integers(60, 730))
sells = st.builds(
    Sell,
    structure=st.sampled_from(["iron_condor", "put_spread", "call_spread"]),
    product=st.sampled_from(["SPXW", "XSP"]),
    days=windows,
    every=st.sampled_from(["day", "week", "month", "flat"]),
)
widths = st.one_of(
    st.fixed_dictionaries({"width": st.floats(1e-4, 0.5)}),
    st.fixed_dictionaries({"width_points": positive(1e4)}),
)
strikes = st.one_of(
    st.builds(lambda short, width: Strikes(by="delta", short=short, **width), st.floats(0.01, 0.99), widths),
    st.builds(
        lambda short, width, drift, erp: Strikes(
            by="expected_move", short=short, drift=drift, erp=erp, **width
        ),
        positive(5),
        widths,
        st.sampled_from(["capm", "forward"]),
        st.floats(-0.1, 0.1),
    ),
)
sizes = st.builds(
    Size,
    target=st.sampled_from(["margin_share", "lots"]),
    value=st.floats(0, 10),
    multiplier=st.floats(0, 10),
    base=st.sampled_from(["entry", "start"]),
)
progressions = st.none() | st.builds(
    Progression,
    mode=st.sampled_from(["replace", "add", "recoup"]),
    max_doublings=st.integers(0, 40),
    max_lots=st.none() | st.integers(1, 1000),
    max_margin_share=st.none() | positive(10),
)
layers = st.builds(
    Layer,
    name=texts,
    sell=sells,
    strikes=strikes,
    size=sizes,
    enter=conditions,
    exit=exits,
    progression=progressions,
)
names = st.from_regex(playbook.arm._ARM_NAME, fullmatch=True).filter(lambda name: len(name) <= 60)
rivals = st.none() | st.builds(
    lambda vary, ends: EqualCost(to="another arm", vary=vary, between=tuple(sorted(ends))),
    st.sampled_from(["lots", "overlay"]),  # what every arm of several layers can vary
    st.lists(st.floats(0, 10), min_size=2, max_size=2, unique=True),
)
arms = st.builds(
    lambda name, found, about, rival: Arm(
        name, layers=found, about=about, equal_cost=rival if len(found) > 1 else None
    ),
    names.filter(lambda name: name != "another arm"),
    st.lists(layers, min_size=1, max_size=3, unique_by=lambda layer: layer.name),
    texts,
    rivals,
)


@given(arms)
def test_any_arm_is_written_and_read_back(arm):
    text = arm.to_toml()
    assert tomllib.loads(text)["schema"] == playbook.SCHEMA
    again = Arm.from_toml(text)
    assert again == arm
    assert again.digest == arm.digest
    assert again.to_toml() == text


@given(arms, names)
def test_digest_ignores_name_and_about(arm, name):
    assert Arm(name, layers=arm.layers, about="another", equal_cost=arm.equal_cost).digest == arm.digest


@given(arms.filter(lambda arm: arm.equal_cost is not None), st.floats(0, 10))
def test_a_rival_is_varied_in_its_one_parameter(arm, value):
    """R19: what is solved stands in the arm that runs, nothing else changes, and nothing is left to solve."""
    concrete = arm.varied(value)
    assert (concrete.name, concrete.about, concrete.equal_cost) == (arm.name, arm.about, None)
    for index, (layer, was) in enumerate(zip(concrete.layers, arm.layers, strict=True)):
        lots, core = arm.equal_cost.vary == "lots", index == 0
        wanted = value if lots else was.size.multiplier * value
        size = was.size.model_copy(update={"multiplier": wanted} if core == lots else {})
        assert layer == was.model_copy(update={"size": size})


def test_a_rival_varies_the_width_of_its_wings():
    rival = PLAIN.rival("width", (0.01, 0.05), name="wide")
    assert rival.varied(0.02) == PLAIN.replace(
        name="wide", about=rival.about, strikes={**dict(PLAIN.core.strikes), "width": 0.02}
    )
    assert rival.replace(name="other").equal_cost == rival.equal_cost


def test_the_digest_of_a_rival_depends_on_what_is_to_be_solved():
    found = {
        arm.digest
        for arm in (
            PLAIN,
            PLAIN.rival("lots", (0, 1), name="r"),
            PLAIN.rival("lots", (0, 1), to="stop_2x", name="r"),
            PLAIN.rival("lots", (0, 0.9), name="r"),
            PLAIN.rival("width", (0.01, 1 / 2), name="r"),
        )
    }
    assert len(found) == 5
    assert PLAIN.rival("lots", (0, 1), name="r").varied(1.0).digest == PLAIN.digest


# Mistakes

GOOD = 'schema = 1\nname = "mine"\n[[layer]]\nname = "core"\n'


def rival(**keys):
    return GOOD.replace("[[layer]]", f"equal_cost = {playbook.document.written(keys)}\n[[layer]]").replace(
        "True", "true"
    )


def refusal(text):
    with pytest.raises(SpecError) as caught:
        Arm.from_toml(text, source="mine.toml")
    message = str(caught.value)
    assert re.match(r"mine\.toml(, line \d+)?: ", message)
    assert "\n" not in message
    return message.removeprefix("mine.toml: ")


def test_the_shortest_playbook_is_plain():
    assert Arm.from_toml(GOOD).layers == (Layer(),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "schema = None: this version reads schema = 1"),
        ("schema = 2", "schema = 2: this version reads schema = 1"),
        ("schema = ", "not TOML: "),
        ("schema = 1", "name: every playbook needs one, as text"),
        ("schema = 1\nname = 3", "name: every playbook needs one, as text"),
        ('schema = 1\nname = "mine"', "arm 'mine': layers = ()"),
        ('schema = 1\nname = "mine"\nlayer = 3', "layer: write each layer as a table [[layer]]"),
        ('schema = 1\nname = "mine"\n[layer]\nname = "core"', "layer: write each layer as a table [[layer]]"),
        (f"capital = 3\n{GOOD}", "capital: unknown key: Known: 'schema', 'name', 'about', 'absent', "),
        (f"about = 3\n{GOOD}", "arm 'mine': about = 3: "),
        (f'{GOOD}[[layer]]\nname = "core"', "arm 'mine': layers = "),
        (f"{GOOD}foo = 1", "layer 1 (core): foo: unknown key"),
        (f"{GOOD}size = 3", "layer 1 (core): size = 3: "),
        (f"{GOOD}size = {{ valeu = 0.1 }}", "layer 1 (core): size.valeu: unknown key"),
        (f'{GOOD}size = {{ value = "0.1" }}', "layer 1 (core): size.value = '0.1': "),
        (f"{GOOD}size = {{ value = true }}", "layer 1 (core): size.value = True: "),
        (f"{GOOD}size = {{ value = -0.1 }}", "layer 1 (core): size.value = -0.1: "),
        (f"{GOOD}size = {{ value = nan }}", "layer 1 (core): size.value = nan: "),
        (f"{GOOD}size = {{ value = inf }}", "layer 1 (core): size.value = inf: "),
        (f'{GOOD}size = {{ target = "vega" }}', "layer 1 (core): size.target = 'vega': "),
        (f"{GOOD}sell = {{ days = 0 }}", "layer 1 (core): sell.days = 0: calendar days to expiry: 1 to 730"),
        (f"{GOOD}sell = {{ days = 10000 }}", "layer 1 (core): sell.days = 10000: "),
        (f"{GOOD}sell = {{ days = [52, 38] }}", "layer 1 (core): sell.days = [52, 38]: "),
        (f"{GOOD}sell = {{ days = 45.5 }}", "layer 1 (core): sell.days"),
        (f"{GOOD}sell = {{ days = [38] }}", "layer 1 (core): sell.days"),
        (f'{GOOD}sell = {{ every = "hour" }}', "layer 1 (core): sell.every = 'hour': "),
        (f'{GOOD}sell = {{ product = "SPWX" }}', "layer 1 (core): sell.product = 'SPWX': "),
        (f"{GOOD}strikes = {{ short = 1.2, width = 0.01 }}", "layer 1 (core): strikes = "),
        (f"{GOOD}strikes = {{ short = 0.16 }}", "layer 1 (core): strikes = "),
        (f"{GOOD}strikes = {{ width = 0.01, width_points = 5 }}", "layer 1 (core): strikes = "),
        (f"{GOOD}strikes = {{ width = 0.01, erp = 0.06 }}", "layer 1 (core): strikes = "),
        (f"{GOOD}progression = {{ max_doublings = 41 }}", "layer 1 (core): progression.max_doublings = 41: "),
        (
            f"{GOOD}progression = {{ max_doublings = 2.0 }}",
            "layer 1 (core): progression.max_doublings = 2.0: ",
        ),
        (f"{GOOD}exit = 3", "layer 1 (core): exit = 3: a condition, such as"),
        (f'{GOOD}exit = "loss"', "layer 1 (core): exit = 'loss': a condition, such as"),
        (f'{GOOD}exit = "los >= 2"', "did you mean loss?"),
        (f'{GOOD}enter = "loss >= 2"', "layer 1 (core): enter = 'loss >= 2': "),
        (f'{GOOD}enter = "vix > 28 & rsi_14 < 30"', "put each comparison in parentheses"),
        (f"{GOOD}[[layer]]\nsize = {{ value = -1 }}", "layer 2: size.value = -1: "),
        (f'{GOOD}[[layer]]\nname = "b"\nfoo = 1', "layer 2 (b): foo: unknown key"),
        (rival(vary="lots"), "arm 'mine': equal_cost.between: missing"),
        (rival(vary="delta", between=[0, 1]), "arm 'mine': equal_cost.vary = 'delta': "),
        (rival(vary="lots", between=[1, 1]), "arm 'mine': equal_cost = "),
        (rival(vary="lots", between=[1, 0]), "between = [1.0, 0.0]: [low, high] with low < high"),
        (rival(vary="lots", between=[-1, 1]), "arm 'mine': equal_cost.between.0 = -1: "),
        (rival(vary="lots", between=[0, True]), "arm 'mine': equal_cost.between.1 = True: "),
        (rival(vary="lots", between=[0]), "arm 'mine': equal_cost.between.1: missing"),
        (rival(vary="lots", between=[0, 1], at=3), "arm 'mine': equal_cost.at: unknown key"),
        (rival(to="mine", vary="lots", between=[0, 1]), "an arm cannot match its own cost"),
        (rival(vary="width", between=[0, 0.5]), "equal_cost.vary = 'width' at 0: strikes.width = 0.0: "),
        (rival(vary="width", between=[0.1, 1]), "equal_cost.vary = 'width' at 1: strikes.width = 1.0: "),
        (rival(vary="overlay", between=[0, 1]), "there is no layer besides the core"),
    ],
)
def test_mistake_is_named_by_file_and_key(text, words):
    assert words in refusal(text)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../up",
        "a/b",
        "a\\b",
        ".hidden",
        "a\nb",
        "a\0b",
        "x" * 61,
        "[red]",
        "star*",
        " a",
        "a ",
    ],
)
def test_name_that_is_no_file_name_is_refused(name):
    with pytest.raises(SpecError, match="the name becomes a file name"):
        Arm(name, av.IronCondor())


def test_a_part_of_an_arm_is_named_by_its_path():
    for table, words in (
        ({"name": "h", "buy": {"kind": "call", "product": "VIX", "delta": 2}}, "layers.1.buy.delta = 2: an"),
        ({"name": "h", "by": 1}, "layers.1.by: unknown key: did you mean 'buy'"),
    ):
        with pytest.raises(SpecError, match=f"^arm 'x': {words}"):
            Arm("x", av.IronCondor(), layers=[table])


@pytest.mark.parametrize("name", av.presets())
def test_an_arm_is_read_from_its_fields(name):
    arm = av.preset(name)
    fields = arm.model_dump()
    for told in (fields, fields | {"layers": list(fields["layers"])}):
        again = Arm.model_validate(told)
        assert again == arm
        assert again.digest == arm.digest
    assert playbook.Playbook("desk", [fields]).arms == (arm,)


def test_file_is_named(tmp_path):
    path = tmp_path / "mine.toml"
    with pytest.raises(SpecError, match=rf"{re.escape(str(path))}: cannot be read: No such file"):
        Arm.read(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SpecError, match=rf"{re.escape(str(path))}: not text in UTF-8"):
        Arm.read(path)
    path.write_text(f"{GOOD}foo = 1")
    with pytest.raises(SpecError, match=rf"{re.escape(str(path))}, line 5: layer 1 \(core\): foo"):
        Arm.read(path)
    path.write_text(PLAIN.to_toml())
    assert Arm.read(path) == PLAIN


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_an_arm_or_an_error_in_words(text):
    for each in (text, GOOD + text):
        try:
            Arm.from_toml(each)
        except SpecError as error:
            assert str(error)  # noqa: PT017 -- some of these texts are arms


@pytest.mark.parametrize(
    "call",
    [
        lambda: av.preset("plian"),
        lambda: av.Arm("none", layers=[]),
        lambda: av.IronCondor(short_delta=0.16, expected_move=1.0),
        lambda: av.IronCondor(short_delta=2),
        lambda: av.IronCondor(days=0),
        lambda: av.IronCondor(product="VIX"),
        lambda: av.IronCondor(exit="los > 1"),
        lambda: av.margin_share(-0.1),
        lambda: PLAIN.replace(name="x", sizes=3),
        lambda: PLAIN.replace(name="x", size=3),
        lambda: PLAIN.doubling(max_doublings=99),
        lambda: PLAIN.doubling(mode="twice"),
        lambda: PLAIN.stop(loss_multiple=float("nan")),
        lambda: PLAIN.stop(loss_multiple=0),
        lambda: PLAIN.rival("delta", (0, 1), name="x"),
        lambda: PLAIN.rival("lots", (1, 0), name="x"),
        lambda: PLAIN.rival("lots", (0, 1), to="x", name="x"),
        lambda: PLAIN.rival("lots", (0, 1), name="x").varied(-1.0),
        lambda: PLAIN.varied(0.5),
        lambda: PLAIN.fewer_lots(-1),
        lambda: PLAIN.fewer_lots(float("inf")),
    ],
)
def test_call_without_sense_is_refused_in_one_line(call):
    with pytest.raises(AlvhError) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert "pydantic" not in str(caught.value)


PARTS = {
    name: each
    for name in av.playbook.__all__
    if isinstance(each := getattr(av.playbook, name), type) and issubclass(each, BaseModel)
}
CALLED = {"Arm": {"name": "x", "core": PLAIN.core}, "Playbook": {"name": "x", "arms": [PLAIN]}}
NO_VALUES = [object(), -1e9, float("nan"), "??", [None], {"a": 1}, (1, 2, 3), 10**400, b"x", "los > 3"]


@pytest.mark.parametrize("name", PARTS)
def test_whatever_is_made_of_a_wrong_value_is_refused_as_a_mistake_of_alvh(name):
    """Each part for itself, as it is built in Python: the key, what was given, what is allowed."""
    part, given = PARTS[name], CALLED.get(name, {})
    assert len(PARTS) > 20
    keys = [field.alias or key for key, field in part.model_fields.items()]
    for key in (key for key in keys if (name, key) != ("Arm", "ledgers")):  # there called sleeve
        for value in NO_VALUES:
            try:
                made = part(**given | {key: value})
            except AlvhError as error:
                told = str(error)
                assert "\n" not in told
                assert "pydantic" not in told
            else:
                assert isinstance(made, part)
        with pytest.raises(SpecError, match=key):
            part(**given | {key: object()})
    if name not in CALLED:
        with pytest.raises(SpecError, match=r"sense: unknown key: .*Known: '"):
            part(sense=1)


def test_a_part_of_a_part_is_named_by_its_path():
    with pytest.raises(SpecError, match=r"^Buy: short\.delta = 2: Input should be less than 1"):
        av.playbook.Buy(kind="call", product="VIX", delta=0.4, short={"days": 30, "delta": 2})
    with pytest.raises(SpecError, match=r"^Short: delta = 2: Input should be less than 1$"):
        av.playbook.Short(delta=2)
    with pytest.raises(SpecError, match=r"^short_call: delta = 2: Input should be less than 1$"):
        av.playbook.short_call(delta=2)


@pytest.mark.parametrize("one", [3, None, PLAIN])
def test_what_is_no_list_is_named(one):
    with pytest.raises(SpecError, match=r"layers\.1"):
        av.Arm("x", PLAIN.core, layers=one)
    with pytest.raises(SpecError, match=r"arms\.0"):
        av.Playbook("x", one, governance=av.Governance())


def test_unknown_preset_is_told_the_nearest():
    with pytest.raises(SpecError, match="did you mean 'plain'"):
        av.preset("plian")


# Values


def test_arms_are_frozen_values():
    for target, field in ((PLAIN, "name"), (PLAIN.core, "name"), (PLAIN.core.size, "value")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(target, field, "x")
    assert av.preset("plain") == PLAIN
    assert {PLAIN: 1}[av.preset("plain")] == 1
    assert PLAIN.stop() != PLAIN


CHANGES = {
    "structure": {"sell": {"structure": "put_spread"}},
    "product": {"sell": {"product": "XSP"}},
    "days": {"sell": {"days": (38, 53)}},
    "every": {"sell": {"every": "day"}},
    "short": {"strikes": {"short": 0.17}},
    "width": {"strikes": {"width": 0.02}},
    "value": {"size": {"value": 0.11}},
    "target": {"size": {"target": "lots"}},
    "multiplier": {"size": {"multiplier": 0.5}},
    "base": {"size": {"base": "start"}},
    "enter": {"enter": "vix > 28"},
    "exit": {"exit": "loss >= 2 * credit"},
    "progression": {"progression": {"mode": "add"}},
}


@pytest.mark.parametrize("change", CHANGES)
def test_digest_depends_on_whatever_the_engine_reads(change):
    ((key, value),) = CHANGES[change].items()
    part = getattr(PLAIN.core, key)
    value = {**dict(part), **value} if isinstance(value, dict) and part is not None else value
    changed = PLAIN.replace(name="plain", **{key: value})
    assert changed != PLAIN
    assert changed.digest != PLAIN.digest


def test_digest_depends_on_names_and_order_of_layers():
    core, other = PLAIN.core, PLAIN.core.model_copy(update={"name": "other"})
    found = [Arm("x", layers=layers).digest for layers in ([core], [other], [core, other], [other, core])]
    assert len(set(found)) == len(found)


def test_digest_depends_on_the_rule_and_not_on_how_it_is_written():
    written = ["loss >= 2 * credit", "loss>=2.0*credit", rules.parse("loss >= 2 * credit")]
    found = {PLAIN.replace(name="x", exit=rule).digest for rule in written}
    assert len(found) == 1
    assert PLAIN.replace(name="x", exit="loss > 2 * credit").digest not in found


def test_digests_of_presets_differ():
    assert len({av.preset(name).digest for name in av.presets()}) == len(av.presets())


def test_constructors_agree_with_presets():
    built = {
        "plain": PLAIN,
        "martingale_replace": PLAIN.doubling(),
        "martingale_add": PLAIN.doubling(mode="add"),
        "martingale_recoup": PLAIN.doubling(mode="recoup"),
        "stop_1x": PLAIN.stop(loss_multiple=1),
        "stop_2x": PLAIN.stop(),
        "fewer_lots": PLAIN.fewer_lots(),
        "fewer_lots_equal_mean": PLAIN.rival("lots", (0.0, 1.0), name="fewer_lots_equal_mean"),
        "wider_wings": PLAIN.replace(
            name="wide", strikes={"by": "delta", "short": 0.16, "width": 0.0125}
        ).rival("width", (0.0125, 0.05), name="wider_wings"),
        "condor_45": Arm("condor", av.IronCondor(days=(38, 52), expected_move=1.0)),
        "sized_by_efficiency": PLAIN.replace(
            name="sized", size=av.margin_share(0.10).weighted("return_on_margin / 0.15", low=0.25, high=1.0)
        ),
        "cndr": Arm(
            "cndr",
            av.IronCondor(days=(21, 38), every="flat", product="SPX", short_delta=0.20, wing_delta=0.05),
        ),
        "conservative_1dte_by_credit": Arm(
            "credit",
            av.IronCondor(days=1, every="day", at="15:45", credit=(0.40, 0.60), width_points=5),
        ),
    }
    alone = {name for name in av.presets() if len(av.preset(name).layers) == 1}
    assert set(built) | {"bigger_buffer"} | {name for name in alone if "conservative_1dte" in name} == alone
    for name, arm in built.items():
        assert arm.digest == av.preset(name).digest, name


def test_a_stop_keeps_the_exit_rule_that_is_there():
    plain = av.preset("plain").replace(name="p", exit="profit >= 0.5 * credit")
    assert str(plain.stop().core.exit) == str(rules.parse("(profit >= 0.5 * credit) or loss >= 2.0 * credit"))


def test_layers_sized_by_margin_share_keep_their_proportions():
    core = av.preset("plain").core
    sizes = {"a": 0.1, "b": 0.3}
    layers = [core.model_copy(update={"name": n, "size": av.margin_share(v)}) for n, v in sizes.items()]
    assert [spec["size"]["value"] for spec in Arm("two", layers=layers).at_share(0.2)] == pytest.approx(
        [0.05, 0.15]
    )
    assert Arm("one", layers[0]).at_share(0.35)[0]["size"]["value"] == 0.35
    idle = [layer.model_copy(update={"size": av.margin_share(0.0)}) for layer in layers]
    with pytest.raises(SpecError, match="no proportions to keep"):
        Arm("idle", layers=idle).at_share(0.2)


def test_an_arm_without_layers_is_told_what_to_write():
    with pytest.raises(SpecError, match=r"write at least one \[\[layer\]\]"):
        Arm.from_toml('schema = 1\nname = "empty"\n')


@pytest.mark.parametrize("lots", [0, 1.5])
def test_lots_are_whole(lots):
    with pytest.raises(SpecError, match="max_lots"):
        av.preset("plain").doubling(max_lots=lots)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{GOOD}foo = 1", GOOD.count("\n") + 1),
        (f"{GOOD}# why\n\nsize = {{ valeu = 0.1 }}", GOOD.count("\n") + 3),
        (f'{GOOD}[[layer]]\nname = "b"\n[layer.size]\nvalue = -1', GOOD.count("\n") + 4),
        (f'{GOOD}enter = """vix > 28\nand los > 2"""\n', GOOD.count("\n") + 1),
        (f"about = 3\n{GOOD}", 1),
        (f"capital = 3\n{GOOD}", 1),
        (f'{GOOD}[ledgers]\nmode = "separate"\ntransfers = [\n  3]', GOOD.count("\n") + 3),
        (f"{GOOD}[calls]\norder = 3", GOOD.count("\n") + 1),
    ],
)
def test_mistake_is_named_by_line(text, line):
    assert f"mine.toml, line {line}: " in refusal(text)


def test_an_unknown_key_is_told_the_nearest():
    assert "size.valeu: unknown key: did you mean 'value'?" in refusal(f"{GOOD}size = {{ valeu = 1 }}")
    assert "layr: unknown key: did you mean 'layer'?" in refusal(f"{GOOD}[layr]")


def test_the_schema_takes_every_preset_and_refuses_what_it_does_not_know():
    schema = jsonschema.Draft202012Validator(playbook.schema())
    schema.check_schema(schema.schema)
    for name in playbook.presets():
        schema.validate(tomllib.loads(playbook.preset_text(name)))
        schema.validate(tomllib.loads(playbook.preset(name).to_toml()))
    for wrong in (
        "foo = 1",
        "size = { valeu = 0.1 }",
        "size = { value = -0.1 }",
        "enter = 3",
        'exit = ["vix"]',
    ):
        assert not schema.is_valid(tomllib.loads(f"{GOOD}{wrong}")), wrong
    assert not schema.is_valid(tomllib.loads(GOOD.replace("schema = 1", "schema = 2")))
