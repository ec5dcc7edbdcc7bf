// SPDX-License-Identifier: MIT
/* Identifies files that are neither a program nor an image, and how to get one from them. */
#include "arch/kind.h"

#include <string.h>

#include "base/fdio.h"

#define MAGIC(text)	text, sizeof(text) - 1
#define THEN_DIRECTORY	", then specify DIR"
#define MOUNT		"sudo mount -o ro,loop %s DIR" THEN_DIRECTORY
#define DECOMPRESS(cmd) cmd " -dc %s >UNPACKED, then specify UNPACKED"
#define RAW_DISK	"qemu-img convert -O raw %s DISK.img, then specify DISK.img"
#define PARTITIONS	"run sfdisk --verify %s for details; copy a truncated image again"

enum { MAGIC_MAX = 24, TEXT_MAX = 512 };

/* The first match counts: boot sectors come after the file systems that begin with one. */
static const struct kind kinds[] = {
	{ 0, MAGIC("\177ELF"), "an ELF file", NULL },
	{ 0, MAGIC("#!"), "a script", NULL },
	{ 56, MAGIC("ARM\x64"), "a Linux kernel for arm64", NULL },
	{ 514, MAGIC("HdrS"), "a Linux kernel for x86", NULL },
	{ 0, MAGIC("MZ"), "a Windows program (PE)", NULL },
	{ 0, MAGIC("\xcf\xfa\xed\xfe"), "a macOS program (Mach-O)", NULL },
	{ 0, MAGIC("\xce\xfa\xed\xfe"), "a macOS program (Mach-O)", NULL },
	{ 0, MAGIC("\xfe\xed\xfa"), "a macOS program (Mach-O)", NULL },
	{ 0, MAGIC("\xca\xfe\xba\xbe"), "a macOS program for several architectures, or a Java class", NULL },
	{ 0, MAGIC("\0asm"), "a WebAssembly module", NULL },
	{ 0, MAGIC("\x27\x05\x19\x56"), "a U-Boot image", NULL },
	{ 0, MAGIC("\xd0\x0d\xfe\xed"), "a device tree or a FIT image", NULL },
	{ 0, MAGIC("!<arch>\ndebian-binary"), "a Debian package", "dpkg-deb -x %s DIR" THEN_DIRECTORY },
	{ 0, MAGIC("!<arch>\n"), "an archive of objects", "ar x %s, then specify one of its objects" },
	{ 0, MAGIC("\xed\xab\xee\xdb"), "an RPM package",
		"mkdir DIR && rpm2cpio %s | cpio -idm -D DIR" THEN_DIRECTORY },
	{ 0, MAGIC("version https://git-lfs"), "a Git LFS pointer: the file itself was not fetched", "git lfs pull" },
	{ 0, MAGIC("<!DOCTYPE"), "an HTML page", "download the file itself: the server answered with a page" },
	{ 0, MAGIC("<!doctype"), "an HTML page", "download the file itself: the server answered with a page" },
	{ 0, MAGIC("<html"), "an HTML page", "download the file itself: the server answered with a page" },
	{ 257, MAGIC("ustar"), "a tar archive", "mkdir DIR && tar -xpf %s -C DIR" THEN_DIRECTORY },
	{ 0, MAGIC("07070"), "a cpio archive", "mkdir DIR && cpio -idm -D DIR <%s" THEN_DIRECTORY },
	{ 0, MAGIC("PK\3\4"), "a zip file", "unzip -d DIR %s" THEN_DIRECTORY },
	{ 0, MAGIC("BZh"), "bzip2 data", DECOMPRESS("bzip2") },
	{ 0, MAGIC("\x1f\x8b"), "gzip data", DECOMPRESS("gzip") },
	{ 0, MAGIC("\x28\xb5\x2f\xfd"), "zstd data", DECOMPRESS("zstd") },
	{ 0, MAGIC("\x04\x22\x4d\x18"), "lz4 data", DECOMPRESS("lz4") },
	{ 0, MAGIC("\3757zXZ"), "xz data", DECOMPRESS("xz") },
	{ 0, MAGIC("QFI\xfb"), "a qcow2 disk image", RAW_DISK },
	{ 0, MAGIC("KDMV"), "a VMDK disk image", RAW_DISK },
	{ 0, MAGIC("vhdxfile"), "a VHDX disk image", RAW_DISK },
	{ 0, MAGIC("\x3a\xff\x26\xed"), "an Android sparse image", "simg2img %s DISK.img, then specify DISK.img" },
	{ 0, MAGIC("hsqs"), "a squashfs file system", "sudo unsquashfs -d DIR %s" THEN_DIRECTORY, .is_disk = true },
	{ 0, MAGIC("XFSB"), "an XFS file system", MOUNT, .is_disk = true },
	{ 1024, MAGIC("\xe2\xe1\xf5\xe0"), "an EROFS file system", MOUNT, .is_disk = true },
	{ 1024, MAGIC("\x10\x20\xf5\xf2"), "an F2FS file system", MOUNT, .is_disk = true },
	{ 0, MAGIC("LUKS\xba\xbe"), "an encrypted file system (LUKS)",
		"sudo cryptsetup open %s NAME, mount /dev/mapper/NAME at DIR" THEN_DIRECTORY },
	{ 1080, MAGIC("\x53\xef"), "an ext4 file system", MOUNT, .is_disk = true },
	{ 65600, MAGIC("_BHRfS_M"), "a btrfs file system", MOUNT, .is_disk = true },
	{ 32769, MAGIC("CD001"), "an ISO 9660 image", MOUNT, .is_disk = true },
	{ 54, MAGIC("FAT1"), "a FAT file system", MOUNT, .is_disk = true },
	{ 82, MAGIC("FAT32"), "a FAT file system", MOUNT, .is_disk = true },
	{ 3, MAGIC("NTFS"), "an NTFS file system", MOUNT, .is_disk = true },
	{ 512, MAGIC("EFI PART"), "a disk image", PARTITIONS, .is_disk = true, .is_table = true },
	{ 510, MAGIC("\x55\xaa"), "a disk image", PARTITIONS, .is_disk = true, .is_table = true },
};

static const struct kind empty = { .what = "an empty file" }, text = { .what = "text without a #! line" },
			 unknown = { .what = "unknown data" };

const struct kind *kind_of(int fd)
{
	uint8_t head[TEXT_MAX], there[MAGIC_MAX];
	ssize_t n = fd_pread(fd, head, sizeof(head), 0);

	if (n <= 0)
		return n ? &unknown : &empty;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *kind = &kinds[i];

		if (fd_pread(fd, there, kind->len, (off_t)kind->at) == (ssize_t)kind->len &&
			!memcmp(there, kind->magic, kind->len))
			return kind;
	}
	for (ssize_t i = 0; i < n; i++)
		if (head[i] < 7 || (head[i] > 13 && head[i] < 27))
			return &unknown;
	return &text;
}

const char *kind_name(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+:@,=-";

	return !*name || *name == '-' || name[strspn(name, plain)] ? "FILE" : name;
}

int kind_hint(const struct kind *kind, const char *name, struct err *e)
{
	const char *place = kind->hint ? strstr(kind->hint, "%s") : NULL;

	if (!e || !kind->hint)
		return e ? e->code : 0;
	return place ? err_hint(e, "%.*s%s%s", (int)(place - kind->hint), kind->hint, kind_name(name), place + 2)
		     : err_hint(e, "%s", kind->hint);
}
