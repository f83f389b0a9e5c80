#!/bin/sh
# Builds country.mmdb (network -> country) and its checksum into a folder; run it monthly, then reload the gateway.
#
#   build.sh [--source npm|debian] [OUT_DIR]
#
# npm:    @ip-location-db/geo-whois-asn-country-mmdb (CC0), unpacked without running any script of the package
# debian: the data files of tor-geoipdb (CC BY-SA 4.0), compiled by compile.pl; nothing is installed or started
# Without --source: npm where it is present, else debian. OUT_DIR is the current folder unless said otherwise.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=
if [ "${1:-}" = --source ]; then
	source=${2:?npm or debian}
	shift 2
fi
out=${1:-.}
[ -n "$source" ] || source=$(command -v npm >/dev/null 2>&1 && echo npm || echo debian)
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

from_npm() {
	cd "$work"
	archive=$(npm pack --silent --ignore-scripts @ip-location-db/geo-whois-asn-country-mmdb | tail -n 1)
	tar -xzf "$archive" --no-same-owner --no-same-permissions package
	# One file for both families where the package has it.
	for name in geo-whois-asn-country.mmdb geo-whois-asn-country-ipv6.mmdb; do
		if [ -f "package/$name" ]; then
			cp "package/$name" "$work/country.mmdb"
			return
		fi
	done
	echo "build.sh: the package holds no country database" >&2
	exit 1
}

from_debian() {
	cd "$work"
	apt-get download -q tor-geoipdb >&2
	dpkg-deb -x tor-geoipdb_*.deb unpacked
	perl "$here/compile.pl" "$work/country.mmdb" unpacked/usr/share/tor/geoip unpacked/usr/share/tor/geoip6
}

case $source in
npm) from_npm ;;
debian) from_debian ;;
*)
	echo "build.sh: --source is npm or debian" >&2
	exit 2
	;;
esac
# The gateway maps the database and checks it against the file beside it. Without the old checksum the database is briefly
# unchecked rather than briefly refused.
cp "$work/country.mmdb" "$out/country.mmdb.new"
rm -f "$out/country.mmdb.sha256"
mv "$out/country.mmdb.new" "$out/country.mmdb"
(cd "$out" && sha256sum country.mmdb >country.mmdb.sha256)
echo "$out/country.mmdb ($source)"
