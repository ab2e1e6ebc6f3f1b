# Until mediawiki-full has written what is true of this machine.
acl mediawiki_full_proxies {
    "127.0.0.1";
    "::1";
}
sub mediawiki_full_special {
    if (req.url ~ "(?i)^/(wiki/|index\.php\?(.*&)?title=)Special:(Recentchanges|Whatlinkshere|Contributions|Log|Search|Export)") {
        set req.http.X-Costly = "special";
    }
}
