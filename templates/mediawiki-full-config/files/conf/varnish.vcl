# Varnish's configuration for the wiki. What the wiki needs is included; your
# own subroutines may stand before it (they run first) or after it.
vcl 4.1;

include "/usr/share/mediawiki-full/wiki.vcl";
