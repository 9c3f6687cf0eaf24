"""RFC 9309, case by case: the names are those under which Google publishes the cases of its own reader.

Left out, since nothing here depends on them: its cases on numbers of lines, on an address that is not one, and on lines
of more than 16 KB, which it cuts and we read whole.
"""

import pytest

from scraper.web import robots
from scraper.web.robots import parse_robots

HOST = "https://theysolditanyway.com"
FISH = ["/fish", "/fish.html", "/fish/salmon.html", "/fishheads", "/fishheads/yummy.html", "/fish.html?id=anything"]
NO_FISH = ["/bar", "/Fish.asp", "/catfish", "/?id=fish"]
US = "User-agent: registerwatch\n"
ONLY = f"{US}disallow: /\n"

CASES = {
    "ID_LineSyntax_Line": [
        (f"{US}disallow: /", [], ["/x/y"]),
        ("foo: registerwatch\nbar: /", ["/x/y"], []),
        ("user-agent registerwatch\ndisallow /", [], ["/x/y"]),
    ],
    "ID_LineSyntax_Groups": [
        (
            f"allow: /foo/\n\n{US}disallow: /\nallow: /x/\nuser-agent: BarBot\ndisallow: /\nallow: /y/\n\n\n"
            f"allow: /w/\nuser-agent: BazBot\n\n{US}allow: /z/\ndisallow: /",
            ["/x/b", "/z/d"],
            ["/y/c", "/w/a", "/foo/bar/"],
        ),
        # A group of several names, the way BazBot shares that of FooBot.
        (f"{US}\nuser-agent: FooBot\nallow: /z/\ndisallow: /", ["/z/d"], ["/y"]),
        (f"user-agent: FooBot\n\n{US}allow: /z/\ndisallow: /", ["/z/d"], ["/y"]),
    ],
    "ID_LineSyntax_Groups_OtherRules": [
        (f"{US}Sitemap: https://foo.bar/sitemap\nUser-agent: *\nDisallow: /", [], ["/x/y"]),
        (f"{US}Invalid-Unknown-Line: unknown\nUser-agent: *\nDisallow: /", [], ["/x/y"]),
        (f"{US}Crawl-delay: 5\nUser-agent: *\nDisallow: /", [], ["/x/y"]),
        ("User-agent: FooBot\nCrawl-delay: 5\nUser-agent: *\nDisallow: /", [], ["/x/y"]),
    ],
    "ID_REPLineNamesCaseInsensitive": [
        ("USER-AGENT: registerwatch\nALLOW: /x/\nDISALLOW: /", ["/x/y"], ["/a/b"]),
        ("uSeR-aGeNt: registerwatch\nAlLoW: /x/\ndIsAlLoW: /", ["/x/y"], ["/a/b"]),
    ],
    "ID_VerifyValidUserAgentsToObey": [
        ("User-agent: registerwatch/0.1.0\nDisallow: /", [], ["/x"]),
        ("User-agent: registerwatch bot\nDisallow: /", [], ["/x"]),
        ("User-agent: registerwatch*\nDisallow: /", [], ["/x"]),
        ("User-agent: registerwatch-images\nDisallow: /", ["/x"], []),
        ("User-agent: register\nDisallow: /", ["/x"], []),
        ("User-agent: watch\nDisallow: /", ["/x"], []),
        ("User-agent: ツ\nDisallow: /", ["/x"], []),
        ("User-agent:\nDisallow: /", ["/x"], []),
    ],
    "ID_UserAgentValueCaseInsensitive": [
        ("User-Agent: REGISTERWATCH BAR\nAllow: /x/\nDisallow: /", ["/x/y"], ["/a/b"]),
        ("User-Agent: registerwatch bar\nAllow: /x/\nDisallow: /", ["/x/y"], ["/a/b"]),
        ("User-Agent: RegisterWatch bAr\nAllow: /x/\nDisallow: /", ["/x/y"], ["/a/b"]),
    ],
    "GoogleOnly_AcceptUserAgentUpToFirstSpace": [
        ("User-Agent: *\nDisallow: /\nUser-Agent: registerwatch Bar\nAllow: /x/\nDisallow: /", ["/x/y"], ["/y"]),
    ],
    "ID_GlobalGroups_Secondary": [
        ("", ["/x/y"], []),
        (f"user-agent: *\nallow: /\n{US}disallow: /", [], ["/x/y"]),
        ("user-agent: *\nallow: /\nuser-agent: BarBot\ndisallow: /", ["/x/y"], []),
        ("user-agent: BarBot\ndisallow: /\nuser-agent: BazBot\ndisallow: /", ["/x/y"], []),
        ("user-agent: * all the others\ndisallow: /", [], ["/x/y"]),
    ],
    "ID_AllowDisallow_Value_CaseSensitive": [
        (f"{US}disallow: /x/", [], ["/x/y"]),
        (f"{US}disallow: /X/", ["/x/y"], []),
    ],
    "ID_LongestMatch": [
        (f"{US}disallow: /x/page.html\nallow: /x/", [], ["/x/page.html"]),
        (f"{US}allow: /x/page.html\ndisallow: /x/", ["/x/page.html"], ["/x/"]),
        (f"{US}disallow: \nallow: ", ["/x/page.html"], []),
        (f"{US}disallow: /\nallow: /", ["/x/page.html"], []),
        (f"{US}disallow: /x\nallow: /x/", ["/x/"], ["/x"]),
        (f"{US}disallow: /x/page.html\nallow: /x/page.html", ["/x/page.html"], []),
        (f"{US}allow: /page\ndisallow: /*.html", ["/page"], ["/page.html"]),
        (f"{US}allow: /x/page.\ndisallow: /*.html", ["/x/page.html"], ["/x/y.html"]),
        (f"User-agent: *\nDisallow: /x/\n{US}Disallow: /y/", ["/x/page"], ["/y/page"]),
    ],
    "ID_Encoding": [
        (f"{ONLY}Allow: /foo?qux=taz&baz=http://foo.bar?par", ["/foo?qux=taz&baz=http://foo.bar?par"], ["/foo?qux"]),
        (f"{ONLY}Allow: /foo/bar/ツ", ["/foo/bar/%E3%83%84"], []),
        (f"{ONLY}Allow: /foo/bar/%E3%83%84", ["/foo/bar/%E3%83%84"], []),
        (f"{ONLY}Allow: /foo/bar/%62%61%7A", ["/foo/bar/%62%61%7A"], []),
    ],
    "ID_SpecialCharacters": [
        (f"{US}Disallow: /foo/bar/quz\nAllow: /foo/*/qux", ["/foo/quz", "/foo//quz", "/foo/bax/quz"], ["/foo/bar/quz"]),
        (f"{US}Disallow: /foo/bar$\nAllow: /foo/bar/qux", ["/foo/bar/qux", "/foo/bar/", "/foo/bar/baz"], ["/foo/bar"]),
        (f"{US}# Disallow: /\nDisallow: /foo/quz#qux\nAllow: /", ["/foo/bar"], ["/foo/quz"]),
    ],
    "GoogleOnly_IndexHTMLisDirectory": [
        (
            "User-Agent: *\nAllow: /allowed-slash/index.html\nDisallow: /",
            ["/allowed-slash/", "/allowed-slash/index.html"],
            ["/allowed-slash/index.htm", "/anyother-url"],
        ),
    ],
    "GoogleOnly_DocumentationChecks": [
        (f"{ONLY}allow: /fish", FISH, NO_FISH),
        (f"{ONLY}allow: /fish*", FISH, NO_FISH),
        (
            f"{ONLY}allow: /fish/",
            ["/fish/", "/fish/salmon", "/fish/?salmon", "/fish/salmon.html", "/fish/?id=anything"],
            ["/bar", "/fish", "/fish.html", "/Fish/Salmon.html"],
        ),
        (
            f"{ONLY}allow: /*.php",
            ["/filename.php", "/folder/filename.php?x", "//folder/any.php.file.html", "/x.php/", "/i?f=x.php/"],
            ["/bar", "/php/", "/index?php", "/windows.PHP"],
        ),
        (
            f"{ONLY}allow: /*.php$",
            ["/filename.php", "/folder/filename.php"],
            ["/bar", "/x.php?parameters", "/x.php/", "/x.php5", "/php/", "/filename?php", "/aphpa", "//windows.PHP"],
        ),
        (f"{ONLY}allow: /fish*.php", ["/fish.php", "/fishheads/catfish.php?parameters"], ["/bar", "/Fish.PHP"]),
        (f"{ONLY}allow: /p", ["/page"], ["/other"]),
        (f"{US}allow: /folder\ndisallow: /folder", ["/folder/page"], []),
        (f"{US}allow: /page\ndisallow: /*.htm", [], ["/page.htm"]),
        (f"{ONLY}allow: /$", ["/"], ["/page.html"]),
    ],
    "ID_NonStandardLineExample_Sitemap": [
        ("Sitemap: http://foo.bar/sitemap.xml\n" + ONLY, [], ["/x"]),
        (f"{US}Allow: /some/path\nUser-Agent: bar\n\n\nSitemap: http://foo.bar/sitemap.xml", ["/x"], []),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_robots_txt_is_read_as_googles_own_reader_does(name):
    for text, allowed, forbidden in CASES[name]:
        rules = parse_robots(text.encode())

        assert {path: rules.allows(HOST + path) for path in (*allowed, *forbidden)} == {
            **dict.fromkeys(allowed, True),
            **dict.fromkeys(forbidden, False),
        }, text


def test_line_ends_of_every_system_and_byte_order_marks_are_taken():
    for text in ("User-Agent: foo\nAllow: /a\nUser-Agent: *\n\n\nDisallow: /", "\ufeffUser-agent: *\nDisallow: /"):
        for end in ("\n", "\r\n", "\r"):
            assert not parse_robots(text.replace("\n", end).encode()).allows(f"{HOST}/x")


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("User-agent: *\nCrawl-delay: 2.5", 2.5),
        ("User-agent: registerwatch/0.1.0\nCrawl-delay: 4\nUser-agent: *\nCrawl-delay: 9", 4),
        ("User-agent: registerwatch\nDisallow: /a\nUser-agent: *\nCrawl-delay: 9", None),
        # Bing's delay is Bing's, though the rules after it are for both.
        ("User-agent: bingbot\nCrawl-delay: 30\nUser-agent: *\nDisallow: /a", None),
        ("User-agent: bingbot\nUser-agent: *\nCrawl-delay: 30\nDisallow: /a", 30),
    ],
)
def test_a_crawl_delay_is_for_those_who_are_named_before_it(text, delay):
    assert parse_robots(text.encode()).crawl_delay_s == delay


def test_a_robots_txt_is_read_to_500_kib_and_to_the_end_of_a_line():
    rule = b"Disallow: /organisations/private\n"
    padding = b"#" * (robots.MOST_BYTES - len(b"User-agent: *\n") - len(rule) - 1) + b"\n"

    assert not parse_robots(b"User-agent: *\n" + padding + rule).allows(f"{HOST}/organisations/private")
    assert parse_robots(b"User-agent: *\n" + padding + b"\n" + rule).allows(f"{HOST}/organisations/private")
