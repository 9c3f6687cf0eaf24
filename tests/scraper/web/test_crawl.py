"""From an index, a sitemap and a robots.txt to the pages that may be asked for."""

import gzip
import socket
from types import SimpleNamespace

import pytest

from scraper.errors import CrawlError, FetchError
from scraper.register import NHS_DATA_RELEASE
from scraper.web.crawl import fetch_robots, fetch_sitemap, find_slugs
from scraper.web.fetch import FetchPolicy
from scraper.web.robots import parse_robots
from tests.harness.servers import answer, gzip_bomb, hang_up, look_up_here, redirect, reset
from tests.scraper.web.test_fetch import asking

INDEX = "https://theysolditanyway.com/"
HOSTS = ("theysolditanyway.com", "www.theysolditanyway.com", "dataregister.medconfidential.org", "goodtreswork.com")
SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def index_of(*links):
    return "".join(f'<li><a href="{link}">x</a></li>' for link in links).encode()


def sitemap_of(*addresses, root="urlset", entry="url"):
    entries = "".join(f"<{entry}><loc>\n {address} </loc><lastmod>2026</lastmod></{entry}>" for address in addresses)
    return f'<?xml version="1.0" encoding="UTF-8"?><{root} {SPACE}>{entries}</{root}>'.encode()


# --- the index


@pytest.mark.parametrize(
    "link",
    [
        "/organisations/nhs_example_icb",
        "organisations/nhs_example_icb",
        "./organisations/nhs_example_icb#top",
        "/organisations/nhs_example_icb?page=1",
        "https://theysolditanyway.com/organisations/nhs_example_icb",
        "http://WWW.TheySoldItAnyway.com/organisations/nhs_example_icb",
        "//goodtreswork.com/organisations/nhs_example_icb",
        "  /organisations/nhs_example_icb\n",
    ],
)
def test_every_spelling_of_a_link_is_the_same_page_on_the_indexs_own_host(link):
    found = [("nhs_example_icb", "https://theysolditanyway.com/organisations/nhs_example_icb")]

    assert find_slugs(index_of(link), INDEX, hosts=HOSTS) == found


def test_pages_come_in_the_order_of_the_index_and_each_once_as_first_spelled():
    links = ("/organisations/B/", "/organisation/a", "/organisations/b", "/organisations/king%27s_college.html")

    assert find_slugs(index_of(*links), INDEX) == [
        ("b", "https://theysolditanyway.com/organisations/B/"),
        ("a", "https://theysolditanyway.com/organisation/a"),
        ("king's_college", "https://theysolditanyway.com/organisations/king%27s_college.html"),
    ]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/organisations/x",
        "//evil.example/organisations/x",
        "https://theysolditanyway.com.evil.example/organisations/x",
        "https://theysolditanyway.com@evil.example/organisations/x",
        "https://goodtreswork.com/organisations/x",  # not one of this register's hosts unless it is given
        "/organisations/",
        "/organisations",
        "/organisations/?page=2",
        "/organisations/%2e%2e",
        "/organisations/a%2fb",
        "/organisations/a%00b",
        "/organisations/x/history",
        "/blog/organisations/x",
        "/datasets/x",
        "mailto:organisations/x",
        "javascript:'/organisations/x'",
        "ftp://theysolditanyway.com/organisations/x",
        "http://[::1/organisations/x",
        "#organisations/x",
        "",
    ],
)
def test_links_elsewhere_are_ignored(link):
    assert [slug for slug, _ in find_slugs(index_of(link, "/organisations/a"), INDEX)] == ["a"]


@pytest.mark.parametrize(
    "base", ["https://theysolditanyway.com/organisations/", "https://theysolditanyway.com/index.html"]
)
def test_an_index_may_stand_in_several_places(base):
    assert find_slugs(index_of("/organisations/a"), base) == [("a", "https://theysolditanyway.com/organisations/a")]


def test_a_mirror_may_stand_in_a_folder_and_on_a_port():
    base = "http://127.0.0.1:8900/mirror/"

    assert find_slugs(index_of("organisations/a"), base) == [("a", "http://127.0.0.1:8900/mirror/organisations/a")]


def test_a_base_element_counts():
    index = b'<base href="/organisations/">' + index_of("a", "b")

    assert [slug for slug, _ in find_slugs(index, INDEX)] == ["a", "b"]


def test_links_in_comments_and_scripts_are_none():
    index = b'<!-- <a href="/organisations/x"> --><script>"<a href=/organisations/y>"</script>' + index_of(
        "/organisations/a"
    )

    assert [slug for slug, _ in find_slugs(index, INDEX)] == ["a"]


def test_an_index_in_another_charset_is_read():
    index = '<a href="/organisations/société">x</a>'.encode("cp1252")

    assert [slug for slug, _ in find_slugs(index, INDEX, charset="windows-1252")] == ["société"]


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        (b"", "among 0 links"),
        (b"<h1>Back soon</h1>", "among 0 links"),
        (index_of("/about"), "among 1 links"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "among 0 links"),
    ],
)
def test_an_index_without_pages_is_one_clear_line(index, reason):
    with pytest.raises(CrawlError) as caught:
        find_slugs(index, INDEX)

    expected = f"{INDEX}: no link to an organisation's page (/organisations/<slug>) {reason}".replace(
        "1 links", "1 link"
    )
    assert str(caught.value) == expected


def test_an_index_of_nothing_but_tags_is_refused_before_a_tree_is_built_of_it():
    with pytest.raises(CrawlError, match="the index has 1,000,000 tags, too many for a page"):
        find_slugs(b"<b>" * 1_000_000, INDEX)


def test_the_page_of_a_slug_that_no_index_names_has_the_address_of_the_others():
    for base in (INDEX, f"{INDEX}index.html", f"{INDEX}organisations", f"{INDEX}organisations/", f"{INDEX}?a#b"):
        assert NHS_DATA_RELEASE.address_of("king's_college", base) == f"{INDEX}organisations/king%27s_college"


def test_a_slug_cannot_leave_its_folder():
    assert (
        NHS_DATA_RELEASE.address_of("../../etc/passwd?x#y", INDEX)
        == f"{INDEX}organisations/..%2F..%2Fetc%2Fpasswd%3Fx%23y"
    )


# --- sitemaps


def find_slugs_in_sitemap(sitemap, index):
    """Return what a register at *index* lists whose only sitemap this is."""
    policy = FetchPolicy(contact="ops@example.org", index=index)
    return fetch_sitemap(SimpleNamespace(policy=policy, fetch=lambda _: SimpleNamespace(body=sitemap)), index)


def test_a_sitemap_lists_pages():
    sitemap = sitemap_of(f"{INDEX}organisations/b/", f"{INDEX}about", "http://evil.example/organisations/x", INDEX)

    assert find_slugs_in_sitemap(sitemap, INDEX) == [("b", f"{INDEX}organisations/b/")]


def test_a_packed_sitemap_without_a_namespace_is_read_and_pictures_are_not_pages():
    picture = f"<i:image xmlns:i='http://www.google.com/schemas/sitemap-image/1.1'><i:loc>{INDEX}organisations/p</i:loc></i:image>"
    xml = f"<urlset><url>{picture}<loc>{INDEX}organisations/&#97;</loc></url></urlset>"

    assert find_slugs_in_sitemap(gzip.compress(xml.encode(), mtime=0), INDEX) == [("a", f"{INDEX}organisations/a")]


@pytest.mark.parametrize(
    ("sitemap", "reason"),
    [
        (b"", "the sitemap is not XML: no element found"),
        (b"<h1>Not found", "the sitemap is not XML"),
        (sitemap_of("/about"), "no organisation's page among the 1 addresses"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "the sitemap has a document type"),
        (b'<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]><a>&z;</a>', "the sitemap has a document type"),
        (b"<a>&undeclared;</a>", "the sitemap is not XML: undefined entity"),
        (gzip.compress(bytes(60_000_000), mtime=0), "the gzip of the sitemap is cut off or too big"),
        (gzip.compress(sitemap_of(INDEX), mtime=0)[:-9], "the gzip of the sitemap is cut off or too big"),
        (b"\x1f\x8bxx", "the gzip of the sitemap is broken"),
    ],
)
def test_a_sitemap_that_is_none_is_one_clear_line(sitemap, reason):
    with pytest.raises(CrawlError, match=rf"^{INDEX}: {reason}") as caught:
        find_slugs_in_sitemap(sitemap, INDEX)

    assert "\n" not in str(caught.value)


def test_the_sitemaps_of_an_index_are_fetched_each_once():
    with asking({}) as (server, fetcher):
        parts = [f"{server.url}/{name}.xml" for name in "abba"]
        elsewhere = ["http://evil.example/c.xml", "file:///etc/passwd"]
        server.script["/sitemap.xml"] = [answer(sitemap_of(*parts, *elsewhere, root="sitemapindex", entry="sitemap"))]
        server.script["/a.xml"] = [answer(sitemap_of(f"{server.url}/organisations/a"))]
        server.script["/b.xml"] = [answer(sitemap_of(f"{server.url}/organisations/b"))]
        found = fetch_sitemap(fetcher, f"{server.url}/sitemap.xml")

    assert found == [(slug, f"{server.url}/organisations/{slug}") for slug in "ab"]
    assert server.paths() == ["/sitemap.xml", "/a.xml", "/b.xml"]


def test_a_sitemap_of_itself_ends_and_one_of_thousands_is_refused():
    with asking({}) as (server, fetcher):
        address = f"{server.url}/sitemap.xml"
        server.script["/sitemap.xml"] = [answer(sitemap_of(address, root="sitemapindex", entry="sitemap"))]
        with pytest.raises(CrawlError, match="no organisation's page among the 0 addresses"):
            fetch_sitemap(fetcher, address)
        many = [f"{server.url}/{n}.xml" for n in range(2000)]
        server.script["/sitemap.xml"] = [answer(sitemap_of(*many, root="sitemapindex", entry="sitemap"))]
        with pytest.raises(CrawlError, match="more than 50 sitemaps"):
            fetch_sitemap(fetcher, address)


def test_part_of_a_sitemap_is_no_sitemap():
    with asking({"/b.xml": answer(status="500 x")}) as (server, fetcher):
        parts = [f"{server.url}/a.xml", f"{server.url}/b.xml"]
        server.script["/sitemap.xml"] = [answer(sitemap_of(*parts, root="sitemapindex", entry="sitemap"))]
        server.script["/a.xml"] = [answer(sitemap_of(f"{server.url}/organisations/a"))]
        with pytest.raises(FetchError, match="500"):
            fetch_sitemap(fetcher, f"{server.url}/sitemap.xml")


# --- robots.txt


RULES = b"User-agent: *\nDisallow: /private\n"


def robots_of(reply, **settings):
    with asking({"/robots.txt": reply}, **settings) as (server, fetcher):
        robots = fetch_robots(fetcher, f"{server.url}/organisations/")
    assert set(server.paths()) <= {"/robots.txt", "/rules"}
    return robots


def allowed(robots):
    return [path for path in ("/organisations/x", "/private/x") if robots.allows(f"https://a.org{path}")]


def test_robots_txt_is_read_at_the_root_of_the_host():
    assert allowed(robots_of(answer(RULES, content_type="text/plain"))) == ["/organisations/x"]


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone", "401 Unauthorized", "403 Forbidden", "418 x"])
def test_without_a_robots_txt_everything_is_allowed(status):
    robots = robots_of(answer(status=status))

    assert allowed(robots) == ["/organisations/x", "/private/x"]
    assert robots.unreadable is None


@pytest.mark.parametrize(
    "reply",
    [
        answer(status="500 x"),
        answer(status="503 x"),
        answer(status="429 x"),
        reset(),
        hang_up(answer(RULES)[:-3]),
        redirect("http://evil.example/robots.txt"),
        redirect("/robots.txt"),
        gzip_bomb(30_000_000),
    ],
)
def test_a_robots_txt_that_cannot_be_read_forbids_everything_and_says_so(reply):
    robots = robots_of(reply)

    assert allowed(robots) == []
    assert robots.unreadable.startswith("what robots.txt allows is not known: ")


def test_a_host_that_cannot_be_reached_is_not_asked(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", look_up_here)
    with asking({}, index="http://register.invalid/") as (_, fetcher):
        robots = fetch_robots(fetcher, "http://register.invalid/organisations/")

    assert robots.unreadable == "the site cannot be reached: the name register.invalid does not resolve"


def test_what_robots_txt_says_is_obeyed_and_it_may_be_asked_for_again():
    script = {"/robots.txt": answer(b"User-agent: *\nDisallow: /"), "/page": answer(b"x")}
    with asking(script) as (server, fetcher):
        fetcher.obey(fetch_robots(fetcher, server.url), server.url)
        with pytest.raises(FetchError, match=r"robots\.txt forbids it"):
            fetcher.fetch(f"{server.url}/page")
        robots = fetch_robots(fetcher, server.url)

    assert robots.unreadable is None
    assert server.paths() == ["/robots.txt", "/robots.txt"]


def test_an_unreadable_robots_txt_is_the_reason_why_a_page_is_not_asked():
    with asking({"/robots.txt": answer(status="500 x")}) as (server, fetcher):
        fetcher.obey(fetch_robots(fetcher, server.url), server.url)
        with pytest.raises(FetchError, match=r"not known: answered 500 Internal Server Error$"):
            fetcher.fetch(f"{server.url}/page")
        server.script["/robots.txt"] = [answer(RULES)]
        robots = fetch_robots(fetcher, server.url)

    assert allowed(robots) == ["/organisations/x"]


@pytest.mark.parametrize(
    ("rules", "paths"),
    [
        (b"", ["/organisations/x", "/private/x"]),
        (b"\xef\xbb\xbf" + RULES, ["/organisations/x"]),
        ("\ufeff".encode("utf-16-le") + RULES.decode().encode("utf-16-le"), ["/organisations/x"]),
        (RULES.replace(b"\n", b"\r\n"), ["/organisations/x"]),
        (RULES.replace(b"\n", b"\r"), ["/organisations/x"]),
        (b"# caf\xe9\n" + RULES, ["/organisations/x"]),
        (b"User-agent: RegisterWatch\nDisallow: /organisations\n" + RULES, ["/private/x"]),
        (b"User-agent: registerwatch-copy\nDisallow: /\n" + RULES, ["/organisations/x"]),
        (b"User-agent: *\nDisallow: /\nAllow: /organisations/", ["/organisations/x"]),
        (b"User-agent: *\nAllow: /organisations/\nDisallow: /", ["/organisations/x"]),
        (b"User-agent: *\nDisallow: /*/x$", []),
        (b"User-agent: *\nDisallow: /*/x$\nAllow: /private/x", ["/private/x"]),
        (b"Disallow: /", ["/organisations/x", "/private/x"]),
    ],
)
def test_rules_are_read_as_rfc_9309_says(rules, paths):
    assert allowed(parse_robots(rules)) == paths


def test_of_an_endless_robots_txt_the_beginning_counts():
    endless = hang_up(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + RULES + b"# filler\n" * 3_000_000)
    with asking({"/robots.txt": endless}) as (server, fetcher):
        robots = fetch_robots(fetcher, server.url)

        assert allowed(robots) == ["/organisations/x"]
        assert fetcher.received < 1_000_000


def test_a_web_page_in_place_of_robots_txt_has_no_rules_and_is_noticed():
    robots = parse_robots(b"<!DOCTYPE html><html>\nUser-agent: *\nDisallow: /\n</html>")

    assert allowed(robots) == ["/organisations/x", "/private/x"]
    assert robots.notice == "robots.txt is a web page: taken as a site without rules"


def test_rules_beyond_the_limit_do_not_count_and_half_a_line_is_none():
    filler = b"# " + b"x" * 97 + b"\n"
    short = 500 * 1024 // len(filler)
    late = filler * (short + 1) + RULES
    cut = (
        b"User-agent: *\n"
        + filler * (short - 1)
        + b"#" * (500 * 1024 - 14 - 100 * (short - 1) - 12)
        + b"\nDisallow: /private"
    )

    assert allowed(parse_robots(late)) == ["/organisations/x", "/private/x"]
    assert allowed(parse_robots(cut)) == ["/organisations/x", "/private/x"]


@pytest.mark.parametrize(
    ("value", "delay_s"),
    [("2.5", 2.5), ("10", 10), ("0", 0), ("-3", None), ("inf", None), ("nan", None), ("soon", None), ("", None)],
)
def test_a_crawl_delay_is_read_if_it_is_a_number(value, delay_s):
    assert parse_robots(f"User-agent: *\nCrawl-delay: {value}".encode()).crawl_delay_s == delay_s
