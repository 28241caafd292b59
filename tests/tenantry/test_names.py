"""The names of section 1 of the requirements, and that nothing but a code and a phone makes any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.names import Names, names_of

CODES = st.from_regex(r"k[0-9]{3,6}", fullmatch=True).filter(str.isascii)
PHONES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True).filter(str.isascii)


def test_the_example_of_the_requirements() -> None:
    names = names_of("k001", "13800138001", "yyup.cc")
    assert names.domain == "k001.yyup.cc"
    assert names.rr == "k001"
    assert names.database == names.owner_role == "rent001"
    assert names.login_roles == ("rent001_a", "rent001_b")
    assert names.namespace == names.ram_role == names.ram_policy == "tenant-k001"
    assert names.prefix == "kindergarten/rent/13800138001/"
    assert names.temp_prefix == "kindergarten/rent/13800138001/temp/"
    assert len(names.system_directories) == 10
    assert names.prefix + "posters/user_created/" in names.system_directories
    assert names.photo_directories == tuple(names.prefix + part for part in ("photos/", "students/", "albums/"))


@pytest.mark.parametrize(
    "code", ["", "k01", "k1234567", "K001", "k001\n", "k００１", "k٠٠١", "к001", "k0*1", "k001/", " k001"]
)
def test_what_is_no_code_gets_no_names(code: str) -> None:
    with pytest.raises(ValueError, match="code"):
        names_of(code, "13800138001", "yyup.cc")


@pytest.mark.parametrize(
    "phone",
    [
        "",
        "1380013800",
        "138001380011",
        "12800138001",
        "13800138001\n",
        "1380013800*",
        "１３８００１３８００１",
    ],
)
def test_what_is_no_phone_gets_no_names_and_is_not_repeated(phone: str) -> None:
    with pytest.raises(ValueError, match="phone") as caught:
        names_of("k001", phone, "yyup.cc")
    assert not phone or phone not in str(caught.value)


@pytest.mark.parametrize(
    "zone", ["", "yyup", ".cc", "yyup.cc.", "YYUP.cc", "*.cc", "a b.cc", "-a.cc", "a" * 64 + ".cc", "幼.cc"]
)
def test_what_is_no_zone_gets_no_names(zone: str) -> None:
    with pytest.raises(ValueError, match="zone"):
        names_of("k001", "13800138001", zone)


@given(CODES, PHONES)
def test_names_fit_their_systems(code: str, phone: str) -> None:
    names = names_of(code, phone, "yyup.cc")
    roles = (names.owner_role, *names.login_roles)
    assert all(len(role.encode()) <= 63 and role.isidentifier() for role in roles)  # PostgreSQL cuts at 64 bytes
    assert len(names.namespace) <= 63
    keys = (names.prefix, names.temp_prefix, *names.system_directories, *names.photo_directories)
    assert all(key.startswith(names.prefix) and key.endswith("/") and "//" not in key for key in keys)
    assert not set("*?[]$%\\") & set("".join(keys))


@given(CODES, PHONES, CODES, PHONES)
def test_two_tenants_share_nothing(code: str, phone: str, other_code: str, other_phone: str) -> None:
    one, two = names_of(code, phone), names_of(other_code, other_phone)
    if code != other_code:
        roles = {one.database, *one.login_roles}
        assert roles.isdisjoint({two.database, *two.login_roles})
        assert one.domain != two.domain
        assert one.namespace != two.namespace
    if phone != other_phone:
        assert not one.prefix.startswith(two.prefix)


def test_names_do_not_change() -> None:
    with pytest.raises(AttributeError):
        Names("k001", "13800138001", "yyup.cc").code = "k002"  # pyright: ignore[reportAttributeAccessIssue]  (that is the test)
