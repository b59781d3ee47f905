#!/bin/sh
# nchan.sh PORT FOLDER: nginx with nchan in the foreground; FOLDER takes its files.
sed -e "s|PORT|$1|g" -e "s|FOLDER|$2|g" "$(dirname "$0")/nchan.conf.in" > "$2/nchan-$1.conf"
exec nginx -e "$2/nchan.log" -c "$2/nchan-$1.conf"
