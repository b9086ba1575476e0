# SPDX-License-Identifier: GPL-2.0-or-later
# Draws a root of apt's from a number: awk -v seed=N -v root=DIRECTORY -f apt-roots.awk </dev/null
# The folders are there already. Prints the files that shall be packed, each behind its program.
function draw(n) { return int(rand() * n) }
function chance(n) { return draw(n) == 0 }
function pick(text, separator,    words, n) {
    n = split(text, words, separator == "" ? " " : separator)
    return words[draw(n) + 1]
}

function stanza(name, version, arch,    text) {
    text = "Package: " name "\nVersion: " version "\nArchitecture: " arch "\n"
    if (chance(3)) text = text "Source: " pick("src|src (1.0-1)|" name, "|") "\n"
    if (chance(4)) text = text "Multi-Arch: " pick("same foreign allowed no") "\n"
    # What tells two builds of one version apart.
    text = text "Installed-Size: " pick("100 100 100 101") "\n"
    if (chance(3)) text = text "Depends: " pick("libc6 (>= 2.36)|libc6 (>=2.36), libx1|libx1 (= 0:1.0)", "|") "\n"
    return text
}

function list(file, arch,    i, count) {
    printf "" >file
    for (i = 1; i <= names_len; i++)
        for (count = draw(3); count > 0; count--) {
            printf "%s", stanza(names[i], pick(versions), pick(arch " " arch " all")) >file
            if (chance(5)) print "Phased-Update-Percentage: " pick("0 10 50 90 100") >file
            printf "Filename: pool/%s.deb\nSize: %s\n\n", names[i], pick("1000 1000 1001") >file
        }
    close(file)
}

function release(file, origin, suite, codename, version) {
    printf "Origin: %s\nLabel: %s\nSuite: %s\nCodename: %s\n", origin, pick(origin "|Debian-Security", "|"), suite, codename >file
    if (version != "" && !chance(3)) print "Version: " version >file
    print "Date: Sat, 21 Nov 2026 08:12:01 UTC" >file
    if (suite ~ /backports/) print "NotAutomatic: yes\nButAutomaticUpgrades: yes" >file
    if (suite == "experimental") print "NotAutomatic: yes" >file
    print "Architectures: amd64 i386" pick("| all", "|") "\nComponents: main contrib" >file
    close(file)
}

function archive(base, origin, suite, codename, version,    i, j, file, program) {
    base = lists base
    release(base "_" pick("InRelease Release"), origin, suite, codename, version)
    for (i = 1; i <= 2; i++)
        for (j = 1; j <= 2; j++) {
            if (chance(4)) continue
            file = base "_" (i == 1 ? "main" : "contrib") "_binary-" (j == 1 ? "amd64" : "i386") "_Packages"
            list(file, j == 1 ? "amd64" : "i386")
            program = pick("none none none gzip xz bzip2 lz4 zstd")
            if (program != "none") print program, file
        }
    if (chance(4)) list(base "_main_binary-all_Packages", "all")
}

# A source in one of its two forms.
function source(uri, dist,    file, options) {
    if (!chance(4)) {
        file = root "/etc/apt/sources.list"
        if (chance(4)) options = "[" pick("arch=amd64|arch=amd64,i386|arch+=i386|arch-=i386|trusted=yes|arch=i386 signed-by=/etc/apt/key.gpg| arch=amd64 lang=en |target=Packages|target-=Packages|target+=Foo arch+=i386|lang=none allow-insecure=yes|by-hash=force trusted=no|arch=amd64 arch=i386|arch-=amd64,i386|check-valid-until=no|valid-until-max=10|inrelease-path=x", "|") "] "
        print (chance(8) ? "# " : "") "deb " options uri " " dist " " pick("main|main contrib|contrib", "|") >>file
        if (chance(8)) print "deb\t" uri "/   " dist "\tmain # trailing" >>file
        if (chance(8)) print "   deb " uri " " dist " main main contrib" >>file
        if (chance(5)) print "deb-src " uri " " dist " main" >>file
    } else {
        file = root "/etc/apt/sources.list.d/" pick("one two") "." pick("sources sources sources off")
        print pick("Types|types|TYPES", "|") ": " pick("deb|deb deb-src|deb-src|deb-src deb|deb deb", "|") "\nURIs: " pick(uri "|" uri " http://deb.example.net/debian|" uri "/|\n " uri, "|") "\nSuites: " pick(dist "|" dist " bookworm|\n " dist "\n bookworm-backports", "|") >>file
        print "Components: " pick("main|main contrib|contrib\n main|main,contrib|main main", "|") >>file
        if (chance(6)) print "#Enabled: no" >>file
        if (chance(8)) print pick("Architectures-Add: i386|Targets: Packages|Targets-Remove: Packages|Languages: none|Trusted: yes|By-Hash: no|Signed-By: /x.gpg|X-Foo: bar|Description: a\n b\n .", "|") >>file
        if (chance(4)) print "Enabled: " pick("yes no false 0 off No with without maybe") >>file
        if (chance(4)) print "Architectures: " pick("amd64|i386|amd64 i386", "|") >>file
        if (chance(6)) print "Architectures-Remove: i386" >>file
        print "# a remark\n" >>file
    }
    close(file)
}

function pins(file,    i) {
    for (i = draw(4); i > 0; i--) {
        print "Package: " pick("*|*|alpha|lib*|/^lib/|beta gamma|src:src|kappa:i386|alpha:any|*:i386|lib*:any|/a$/:i386|src:s*|src:/^src$/|[ab]*|?eta|linux-image-amd64 libx1:amd64|ALPHA|alpha*:amd64 beta:any|*a", "|") >file
        print "Pin: " pick("release a=stable|release n=bookworm|release o=Debian|release l=Debian-Security|release c=contrib|origin deb.example.net|origin \"\"|version 1.0*|version 1.0-2|release a=/.*backports/|release a=testing,c=main|release b=i386|release x=1|release a=|release v=12*|release v=12|release v=12.5|release o=Deb*,a=stable-security|release a=stable, n=bookworm|release l=/^Debian/|release n=bookworm-*|origin *.example.net|origin /vendor/|version *|version 1.0-1,2.0*|version /^1\\./|version 1.0-1 |Release A=stable|release a=now|release c=main,o=Flat|release=stable|release *|release b=amd64,a=edge", "|") >file
        print "Pin-Priority: " pick("1 100 400 500 501 990 1001 -1 -10 1000 99 999 32767 -32767") "\n" >file
    }
    printf "" >file
    close(file)
}

function status(file,    i, j, text, at) {
    for (i = 0; i <= names_len; i++)
        for (j = 1; j <= 2; j++) {
            if (i == 0 ? j == 2 : chance(8) || (j == 2 && !chance(4))) continue
            text = stanza(i ? names[i] : "dpkg", pick(versions), i == 0 ? "amd64" : j == 1 ? pick("amd64 amd64 all") : "i386")
            at = index(text, "\n")
            printf "%sStatus: %s\n%s", substr(text, 1, at), pick("install ok installed|install ok installed|install ok installed|hold ok installed|deinstall ok config-files|install ok half-configured|purge ok not-installed|deinstall ok installed|install reinstreq half-installed", "|"), substr(text, at + 1) >file
            print "Description: x\n Package: not-a-field\n .\n" >file
        }
    close(file)
}

function settings(file) {
    print "APT::Architecture \"amd64\";\nAPT::Architectures { \"amd64\"; \"i386\"; };" >file
    if (chance(4)) print "APT::Default-Release \"" pick("stable bookworm stable-backports /^bookworm(|-security)$/") "\";" >file
    if (chance(8)) print "APT::Get::Phase-Policy \"1\";" >file
    if (chance(10)) print "APT::Get::Always-Include-Phased-Updates \"" pick("true yes 1 0 false") "\";" >file
    if (chance(10)) print "Update-Manager::Never-Include-Phased-Updates \"" pick("true with 0") "\";" >file
    if (chance(10)) print "APT::Machine-ID \"" pick("aa 0123456789abcdef0123456789abcde0") "\";" >file
    if (chance(12)) print "apt { get { always-include-phased-updates \"off\"; }; }; // x\n/* y */ # z" >file
    if (chance(12)) print "#clear APT::Architectures;\nAPT::Architectures:: \"amd64\";" >file
    if (chance(12)) print "Dir::Etc::preferencesparts \"none\";" >file
    if (chance(14)) print "Acquire::GzipIndexes \"true\";\nAPT::Install-Recommends 0;" >file
    close(file)
}

BEGIN {
    srand(seed)
    versions = "1.0-1 1.0-1+deb12u1 1.0-2 1.0-2~bpo12+1 1.0-2+b1 1:0.9-1 1.1~rc1-1 1.1-1 2.0-1 2.0-1ubuntu1 1.0 1.0-0"
    names_len = split("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu libx1 libx-dev linux-image-amd64", names)
    lists = root "/var/lib/apt/lists/"
    settings(root "/etc/apt/apt.conf.d/01case")
    if (!chance(10)) print (chance(10) ? "" : "0123456789abcdef0123456789abcdef" (chance(10) ? "   " : "")) >(root "/etc/machine-id")
    print "amd64\ni386" >(root "/var/lib/dpkg/arch")
    status(root "/var/lib/dpkg/status")
    archive("deb.example.net_debian_dists_bookworm", "Debian", "stable", "bookworm", "12.5")
    source("http://deb.example.net/debian", "bookworm")
    archive("deb.example.net_debian-security_dists_bookworm-security", "Debian", "stable-security", "bookworm-security", "12")
    if (!chance(6)) source("http://deb.example.net/debian-security", "bookworm-security")
    archive("deb.example.net_debian_dists_bookworm-backports", "Debian Backports", "stable-backports", "bookworm-backports", "")
    if (!chance(3)) source("http://deb.example.net/debian", "bookworm-backports")
    archive("deb.example.net_debian_dists_experimental", "Debian", "experimental", "rc-buggy", "")
    if (chance(3)) source("http://deb.example.net/debian", "experimental")
    archive("vendor.example.net:8080_core:_stable_dists_edge_x", "Vendor", "edge", "edge", "1")
    if (chance(3)) source("http://vendor.example.net:8080/core:/stable", "edge/x")
    # Flat ones.
    list(lists "flat.example.net_repo_Packages", "amd64")
    release(lists "flat.example.net_repo_Release", "Flat", "flat", "flat", "1")
    if (chance(2)) print "deb http://flat.example.net/repo/ /" >(root "/etc/apt/sources.list.d/flat.list")
    list(lists "dot.example.net_._Packages", "amd64")
    if (chance(3)) print "deb " (chance(2) ? "[arch=amd64] " : "") "http://dot.example.net ./" >(root "/etc/apt/sources.list.d/dot.list")
    pins(root "/etc/apt/preferences")
    if (chance(3)) pins(root "/etc/apt/preferences.d/" pick("a.pref b c.off"))
}
