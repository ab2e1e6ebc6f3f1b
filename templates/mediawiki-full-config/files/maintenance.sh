#!/bin/sh
# Runs one of MediaWiki's maintenance scripts: maintenance NAME [OPTION...].
# From 1.40 on they start through run.php; before, each by its own file.
set -e
dir=/usr/share/mediawiki/maintenance
script=$1
shift
if [ -e "$dir/run.php" ]; then
	exec /usr/bin/php "$dir/run.php" "$script" "$@"
fi
exec /usr/bin/php "$dir/$script.php" "$@"
