# Makes a certificate with certtool and puts it where libvirt or QEMU looks. Run on the client by a row's step "pki: …":
#
#   server HOST [FAULT…]   what libvirtd shows to those who come over TLS
#   client HOST [FAULT…]   what a client of libvirt shows; HOST may be "client", the machine that preflight runs on
#   qemu HOST [FAULT…]     both, for the migration's data
#
# FAULT: expired, future (not valid yet), name=NAME (in place of the host's), ca=other (all from another authority),
# issuer=other (the certificate alone from another authority than the one beside it), root=EXTENSIONS and leaf=EXTENSIONS
# (the authority "plain", or the certificate, with these X.509 extensions alone, as openssl writes them; "none" for none).
set -eu

role=$1 host=$2
shift 2
name=$host.example.com ca=lab issuer= from=2020-01-01 until=2099-01-01 root= leaf=
for fault in "$@"; do
  case $fault in
    expired) until=2021-01-01 ;;
    future) from=2098-01-01 ;;
    name=*) name=${fault#name=} ;;
    ca=*) ca=${fault#ca=} ;;
    issuer=*) issuer=${fault#issuer=} ;;
    root=*) root=${fault#root=} ca=plain ;;
    leaf=*) leaf=${fault#leaf=} ;;
    *) echo "unknown: $fault" >&2; exit 2 ;;
  esac
done

# the authority lives on host1, which has certtool
ssh root@host1.example.com sh -eus "$name" "$ca" "${issuer:-$ca}" "$from" "$until" "${root:--}" "${leaf:--}" >/dev/null 2>&1 <<'MAKE'
name=$1 ca=$2 issuer=$3 from=$4 until=$5 root=$6 leaf=$7
mkdir -p /root/pki/made && cd /root/pki
# SUBJECT KEY OUT EXTENSIONS OPTIONS…: a certificate with these extensions alone
with() {
  subject=$1 key=$2 out=$3
  case $4 in none) : >extensions ;; *) printf '%s\n' "$4" >extensions ;; esac
  shift 4
  openssl req -new -subj "$subject" -key "$key" | openssl x509 -req -days 9000 -extfile extensions "$@" -out "$out"
}
if [ "$root" != - ]; then
  openssl genrsa -out plain.key 2048
  with "/CN=plain authority" plain.key plain.pem "$root" -signkey plain.key
fi
for one in "$ca" "$issuer"; do
  [ -e "$one.pem" ] && continue
  certtool --generate-privkey --key-type ecdsa --outfile "$one.key"
  printf 'cn = "%s authority"\nca\ncert_signing_key\nactivation_date = "2020-01-01 00:00:00"\n' "$one" >"$one.info"
  printf 'expiration_date = "2099-01-01 00:00:00"\n' >>"$one.info"
  certtool --generate-self-signed --load-privkey "$one.key" --template "$one.info" --outfile "$one.pem"
done
cp "$ca.pem" made/ca.pem
printf 'organization = "Lab"\ncn = "%s"\ndns_name = "%s"\ntls_www_server\ntls_www_client\nsigning_key\nencryption_key\n' "$name" "$name" >info
printf 'activation_date = "%s 00:00:00"\nexpiration_date = "%s 00:00:00"\n' "$from" "$until" >>info
certtool --generate-privkey --key-type rsa --bits 2048 --outfile made/key.pem  # of ECDSA libvirt 9 is not content
if [ "$leaf" != - ]; then
  with "/O=Lab/CN=$name" made/key.pem made/cert.pem "$leaf" -CA "$issuer.pem" -CAkey "$issuer.key" -CAcreateserial
  exit
fi
certtool --generate-certificate --load-ca-certificate "$issuer.pem" --load-ca-privkey "$issuer.key" \
  --load-privkey made/key.pem --template info --outfile made/cert.pem
MAKE

case $role in
  qemu) put='mkdir -p /etc/pki/qemu; cd /etc/pki/qemu; cp "$made/ca.pem" ca-cert.pem
    for end in server client; do cp "$made/cert.pem" $end-cert.pem; cp "$made/key.pem" $end-key.pem; done' ;;
  *) put='mkdir -p /etc/pki/CA /etc/pki/libvirt/private; cd /etc/pki; cp "$made/ca.pem" CA/cacert.pem
    cp "$made/cert.pem" libvirt/'$role'cert.pem; cp "$made/key.pem" libvirt/private/'$role'key.pem' ;;
esac
unpack='made=$(mktemp -d); tar -x -C "$made"; '$put'; rm -r "$made"'
ssh -n root@host1.example.com tar -c -C /root/pki/made . |
  if [ "$host" = client ]; then sh -euc "$unpack"; else ssh "root@$host.example.com" "set -eu; $unpack"; fi
