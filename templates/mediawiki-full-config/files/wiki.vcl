# How Varnish treats the wiki. Replaced by upgrades; see the drop-in
# /usr/share/mediawiki-full/systemd/varnish-80.conf on changing it.
vcl 4.1;

backend mediawiki_full {
    .host = "127.0.0.1";
    .port = "8080";
    .connect_timeout = 5s;
    # A large page or thumbnail may take its time
    .first_byte_timeout = 180s;
    .between_bytes_timeout = 60s;
}

# acl mediawiki_full_proxies: whose X-Forwarded-Proto counts, this machine and trusted_proxies;
# sub mediawiki_full_special: what strangers ask for that no cache answers goes to backends of
# few connections, so that editors, and pages, always find processes of PHP that are free
include "/var/lib/mediawiki-full/machine.vcl";

# Who may drop pages: this machine
acl mediawiki_full_local {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    set req.backend_hint = mediawiki_full;
    unset req.http.X-Cache;
    unset req.http.X-Costly;
    unset req.http.X-Look;

    if (req.method == "PURGE") {
        # Varnish has added the client to X-Forwarded-For by now. More than one
        # address there means that a proxy on this machine (for TLS, say) hands
        # on what somebody outside asked for.
        if (client.ip !~ mediawiki_full_local || req.http.X-Forwarded-For ~ ",") {
            return (synth(403, "PURGE is for this machine only"));
        }
        return (purge);
    }

    if (client.ip !~ mediawiki_full_proxies) {
        unset req.http.X-Forwarded-Proto;
    }

    call mediawiki_full_special;
    # Who is logged in (MediaWiki drops this cookie when somebody logs out), a bot with a
    # password of its own, or somebody of a family of wikis: held up by nothing
    if (req.http.Cookie ~ "(UserID|_BPsession|centralauth_User)=" && req.http.Cookie ~ "([sS]ession|Token)=") {
        unset req.http.X-Costly;
        set req.backend_hint = mediawiki_full;
    }

    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    if (req.http.Authorization) {
        return (pass);
    }
    # A session, a remembered login, or an OAuth-like token: never from the cache.
    # Any other cookie is of no matter to the wiki's answer to an anonymous visitor
    # (MediaWiki varies on Cookie, so it has to go).
    if (req.http.Cookie ~ "([sS]ession|Token)=") {
        return (pass);
    }
    unset req.http.Cookie;
    return (hash);
}

sub vcl_hash {
    # One wiki answers under all names of the machine, with the same bytes: links
    # and redirects are relative. So a page is one object, and one PURGE drops it
    # whatever name it was asked under.
    hash_data(req.url);
    return (lookup);
}

sub vcl_hit {
    set req.http.X-Cache = "hit";
}

sub vcl_miss {
    set req.http.X-Cache = "miss";
}

sub vcl_pass {
    set req.http.X-Cache = "pass";
}

sub vcl_backend_fetch {
    # A note of ours, not for the application
    unset bereq.http.X-Cache;
}

sub vcl_backend_response {
    if (bereq.uncacheable) {
        return (deliver);
    }
    # Files of packages and uploads carry no lifetime. MediaWiki purges uploads
    # when they change, and an upgrade drops everything.
    if (bereq.url ~ "^/(images|resources|skins|extensions)/" && beresp.status == 200 && !beresp.http.Cache-Control) {
        set beresp.ttl = 1d;
    }
    if (beresp.http.Content-Type ~ "^(text/|application/(javascript|json|xml)|image/svg)") {
        set beresp.do_gzip = true;
    }
    # Errors of the moment must not stay
    if (beresp.status >= 500) {
        set beresp.ttl = 0s;
        set beresp.uncacheable = true;
        return (deliver);
    }
}

sub vcl_backend_error {
    if (bereq.http.X-Costly) {
        # All that there are for this are in use
        set beresp.status = 503;
        set beresp.http.Retry-After = "30";
        set beresp.http.Content-Type = "text/plain; charset=utf-8";
        synthetic("Too many requests need the wiki at the moment. Please try again in a minute.");
        return (deliver);
    }
}

sub vcl_deliver {
    set resp.http.X-Cache = req.http.X-Cache;
    # The time to live in s-maxage is for this cache, which hears of edits. Other
    # caches on the way do not, so they have to ask again.
    if (resp.http.Content-Type ~ "^text/html" && resp.http.Cache-Control ~ "s-maxage=[1-9]") {
        set resp.http.Cache-Control = "private, must-revalidate, max-age=0";
        unset resp.http.Age;
    }
    unset resp.http.X-Varnish;
    unset resp.http.Via;
}

sub vcl_synth {
    set resp.http.X-Cache = "synth";
}
