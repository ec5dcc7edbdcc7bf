// SPDX-License-Identifier: MIT
/* A segment more in an ELF file, and what else is read from one: with files that this test makes, and with itself. */
#include "check.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "arch/dynamic.h"
#include "arch/elf.h"
#include "arch/elf_edit.h"
#include "base/fdio.h"

enum { SEGMENTS = 4, SIZE = 0x3000 };

/* A file of 64 bits with these program headers behind its header. */
static int make_file(const Elf64_Phdr *ph, size_t n)
{
	Elf64_Ehdr eh = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = 1,
		.e_entry = 0x401000,
		.e_phoff = sizeof(eh),
		.e_ehsize = sizeof(eh),
		.e_phentsize = sizeof(*ph),
		.e_phnum = (Elf64_Half)n };
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &eh, sizeof(eh), 0), sizeof(eh));
	assert_int_equal(pwrite(fd, ph, n * sizeof(*ph), sizeof(eh)), (ssize_t)(n * sizeof(*ph)));
	assert_int_equal(ftruncate(fd, SIZE), 0);
	return fd;
}

static Elf64_Phdr load(uint64_t offset, uint64_t address, uint64_t len)
{
	return (Elf64_Phdr){ .p_type = PT_LOAD,
		.p_flags = PF_R,
		.p_offset = offset,
		.p_vaddr = address,
		.p_filesz = len,
		.p_memsz = len,
		.p_align = 0x1000 };
}

static Elf64_Phdr note(uint64_t offset)
{
	return (Elf64_Phdr){ .p_type = PT_NOTE,
		.p_flags = PF_R,
		.p_offset = offset,
		.p_vaddr = 0x400000 + offset,
		.p_filesz = 0x20,
		.p_memsz = 0x20,
		.p_align = 4 };
}

static Elf64_Phdr header_of(int fd, size_t i)
{
	Elf64_Phdr ph;

	assert_int_equal(fd_pread(fd, &ph, sizeof(ph), (off_t)(sizeof(Elf64_Ehdr) + i * sizeof(ph))), sizeof(ph));
	return ph;
}

static void check_added(int fd, const struct elf_added *added, size_t at)
{
	Elf64_Phdr ph = header_of(fd, at);
	Elf64_Ehdr eh;

	assert_int_equal(fd_pread(fd, &eh, sizeof(eh), 0), sizeof(eh));
	assert_int_equal(eh.e_entry, added->address);
	assert_int_equal(added->entry, 0x401000);
	assert_int_equal(ph.p_type, PT_LOAD);
	assert_int_equal(ph.p_flags, PF_R | PF_X);
	assert_int_equal(ph.p_vaddr, added->address);
	assert_int_equal(ph.p_offset, added->offset);
	assert_int_equal(ph.p_offset % ph.p_align, ph.p_vaddr % ph.p_align);
	assert_int_equal(ph.p_filesz, 100);
}

static void test_behind_the_last(void **state)
{
	Elf64_Phdr ph[] = { load(0, 0x400000, 0x1000), load(0x1000, 0x401000, 0x1800), note(0x200), note(0x240) };
	auto_fd fd = make_file(ph, SEGMENTS);
	struct elf_added added;

	(void)state;
	assert_int_equal(elf_add_segment(fd, 100, &added, NULL), 0);
	assert_int_equal(added.address, 0x403000);
	assert_int_equal(added.offset, SIZE);
	check_added(fd, &added, 2);
	assert_int_equal(header_of(fd, 3).p_offset, 0x240);
}

/* Loadable segments stay in ascending order, also when the note stood before them. */
static void test_from_the_front(void **state)
{
	Elf64_Phdr ph[] = { note(0x200), load(0, 0x400000, 0x1000), load(0x1000, 0x401000, 0x1800), note(0x240) };
	auto_fd fd = make_file(ph, SEGMENTS);
	struct elf_added added;

	(void)state;
	assert_int_equal(elf_add_segment(fd, 100, &added, NULL), 0);
	assert_int_equal(header_of(fd, 0).p_vaddr, 0x400000);
	assert_int_equal(header_of(fd, 1).p_vaddr, 0x401000);
	check_added(fd, &added, 2);
	assert_int_equal(header_of(fd, 3).p_offset, 0x240);
}

/* The one whose content is elsewhere as well goes. */
static void test_the_property_note_goes(void **state)
{
	Elf64_Phdr ph[] = { load(0, 0x400000, 0x3000), note(0x200), note(0x240), note(0x240) };
	auto_fd fd = -1;
	struct elf_added added;

	(void)state;
	ph[3].p_type = PT_GNU_PROPERTY;
	fd = make_file(ph, SEGMENTS);
	assert_int_equal(elf_add_segment(fd, 100, &added, NULL), 0);
	check_added(fd, &added, 1);
	assert_int_equal(header_of(fd, 2).p_offset, 0x200);
	assert_int_equal(header_of(fd, 2).p_type, PT_NOTE);
}

static void test_alignment_of_others_is_kept(void **state)
{
	Elf64_Phdr ph[] = { load(0, 0x400000, 0x3000), note(0x200) };
	auto_fd fd = -1;
	struct elf_added added;

	(void)state;
	ph[0].p_align = 0x10000;
	ph[0].p_memsz = 0x12345;
	fd = make_file(ph, 2);
	assert_int_equal(elf_add_segment(fd, 100, &added, NULL), 0);
	assert_int_equal(added.address, 0x420000);
	assert_int_equal(added.offset, 0x10000);
}

static void refused(const Elf64_Phdr *ph, size_t n, const char *why)
{
	auto_fd fd = make_file(ph, n);
	auto_err e = { 0 };
	auto_buf before = { 0 }, after = { 0 };
	struct elf_added added;

	assert_int_equal(fd_read_all(fd, 1 << 20, &before), 0);
	assert_int_equal(elf_add_segment(fd, 100, &added, &e), -EBADMSG);
	assert_non_null(strstr(e.message, why));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_all(fd, 1 << 20, &after), 0);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, after.len);
}

static void test_what_has_no_room(void **state)
{
	Elf64_Phdr far[] = { load(0, UINT64_MAX - 0x2000, 0x1000), note(0x200) };
	Elf64_Phdr odd[] = { load(0, 0x400000, 0x1000), note(0x200) };

	(void)state;
	odd[0].p_align = 0x1234;
	refused((Elf64_Phdr[]){ load(0, 0x400000, 0x1000) }, 1, "no PT_NOTE");
	refused((Elf64_Phdr[]){ note(0x200) }, 1, "no PT_NOTE");
	refused(far, 2, "beyond the address space");
	refused(odd, 2, "beyond the address space");
}

static void test_build_ids(void **state)
{
	static const char notes[] = "\4\0\0\0\4\0\0\0\1\0\0\0GNU\0abcd\4\0\0\0\10\0\0\0\3\0\0\0GNU\00012345678";
	Elf64_Phdr ph[] = { load(0, 0x400000, 0x3000), note(0x200) };
	auto_fd fd = -1;
	uint8_t id[24];
	uint64_t at;

	(void)state;
	ph[1].p_filesz = sizeof(notes) - 1;
	fd = make_file(ph, 2);
	assert_int_equal(elf_build_id(fd, &at, id, sizeof(id), NULL), 0);
	assert_int_equal(pwrite(fd, notes, sizeof(notes), 0x200), sizeof(notes));
	assert_int_equal(elf_build_id(fd, &at, id, sizeof(id), NULL), 8);
	assert_int_equal(at, 0x200 + sizeof(notes) - 1 - 8);
	assert_memory_equal(id, "12345678", 8);
	assert_int_equal(elf_build_id(fd, &at, id, 7, NULL), 0);
	assert_int_equal(pwrite(fd, "\377\377\377\377", 4, 0x204), 4); /* longer than there is */
	assert_int_equal(elf_build_id(fd, &at, id, sizeof(id), NULL), 0);
}

static void test_needed_libraries(void **state)
{
	auto_fd self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), none = -1;
	Elf64_Phdr ph[] = { load(0, 0x400000, 0x3000), note(0x200) };
	struct dynamic dynamic;
	struct dynamic_symbols symbols;
	bool has_libc = false, has_start = false;

	(void)state;
	assert_int_equal(dynamic_symbols_read(self, true, &symbols), 0);
	for (size_t i = 0; i < symbols.n; i++)
		has_start |= !strcmp(symbols.list[i].name, "__libc_start_main") && !symbols.list[i].is_defined &&
			     symbols.list[i].use == DYNAMIC_EARLY;
	assert_true(has_start);
	dynamic_symbols_done(&symbols);
	assert_int_equal(dynamic_read(self, &dynamic), 0);
	for (size_t i = 0; i < dynamic.n_needed; i++)
		has_libc |= !strncmp(dynamic.needed[i], "libc.", 5);
	assert_true(has_libc);
	dynamic_done(&dynamic);
	none = make_file(ph, 2);
	assert_int_equal(dynamic_read(none, &dynamic), -EBADMSG);
	assert_int_equal(dynamic_symbols_read(none, true, &symbols), -EBADMSG);
	dynamic_symbols_done(&symbols);
	dynamic_done(&dynamic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit(test_behind_the_last),
		unit(test_from_the_front),
		unit(test_the_property_note_goes),
		unit(test_alignment_of_others_is_kept),
		unit(test_what_has_no_room),
		unit(test_build_ids),
		unit(test_needed_libraries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
