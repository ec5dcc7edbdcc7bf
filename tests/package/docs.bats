#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Owns the web pages of docs/: they are built, every link leads somewhere, and they fit a phone and a desktop in a browser.
# shellcheck disable=SC2154 # the library sets output and stderr

# shellcheck source-path=SCRIPTDIR source=../lib/base.bash
source "$BATS_TEST_DIRNAME/../lib/base.bash"

setup_file() {
	need_commands meson scdoc mandoc markdown_py python3
	meson setup -Dtests=false -Ddocs=enabled "$BATS_FILE_TMPDIR/build" "$ANYARCH_SRC"
	ninja -C "$BATS_FILE_TMPDIR/build" docs/site
}

setup() {
	SITE=$BATS_FILE_TMPDIR/build/docs/site
}

@test "every guide and every manual has a page, and every link leads somewhere" {
	local page

	expect_raw 0 python3 "$ANYARCH_SRC/tests/lib/links.py" "$SITE"
	for page in "$ANYARCH_SRC"/docs/*.md "$ANYARCH_SRC"/man/*.scd; do
		page=${page##*/} page=${page%.md}
		[[ -s $SITE/${page%.scd}.html ]] || {
			printf 'no page of %s\n' "$page" >&2
			return 1
		}
	done
}

@test "a link that leads nowhere fails the build" {
	cp -r "$ANYARCH_SRC"/{docs,man,tools,action.yml,LICENSE,*.md} "$BATS_TEST_TMPDIR/"
	expect_raw 0 python3 "$ANYARCH_SRC/docs/site.py" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/site" "$BATS_FILE_TMPDIR"/build/man/*.[578]
	echo '[nothing](nothing.md)' >>"$BATS_TEST_TMPDIR/docs/ci.md"
	expect_raw 1 python3 "$ANYARCH_SRC/docs/site.py" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/site" "$BATS_FILE_TMPDIR"/build/man/*.[578]
	same error 'leads nowhere: docs/ci.md: nothing.md' "$stderr"
}

# A page in the middle of which others are shown, one after the other, by all widths; at the end it says which are too wide.
@test "no page is wider than a phone or a desktop" {
	local pages

	need_commands chromium
	pages=$(cd "$SITE" && printf '"%s",' *.html)
	printf '<a href="x">%s</a>' "$(printf 'x%.0s' {1..900})" >"$SITE/control.html"
	cat >"$SITE/widths.html" <<-HTML
		<!DOCTYPE html><iframe></iframe><p></p><script>
		const pages = [$pages "control.html"], frame = document.querySelector("iframe"), seen = [];
		let n = 0;
		frame.onload = () => {
			const page = frame.contentDocument.documentElement;
			seen.push(frame.name + (page.scrollWidth > page.clientWidth ? " too wide" : " fits"));
			next();
		};
		function next() {
			if (n == 2 * pages.length) { document.querySelector("p").textContent = seen.join("\n") + "\ndone\n"; return; }
			frame.width = n % 2 ? 1280 : 375;
			frame.name = pages[n >> 1] + " " + frame.width;
			frame.src = pages[n++ >> 1] + "?" + frame.width;
		}
		next();
		</script>
	HTML
	expect_raw 0 timeout 120 chromium --headless --no-sandbox --disable-gpu --allow-file-access-from-files --user-data-dir="$BATS_TEST_TMPDIR/profile" \
		--virtual-time-budget=60000 --dump-dom "file://$SITE/widths.html"
	rm "$SITE/widths.html" "$SITE/control.html"
	grep -q '^done$' "$OUT"
	same 'too wide' $'control.html 375 too wide\ncontrol.html 1280 too wide' "$(sed 's/.*<p>//' "$OUT" | grep ' too wide$')"
	[[ $(grep -c ' fits$' "$OUT") -gt 60 ]]
}
