// The instruction sets that this processor can run, and choosing among them.
#include <cstdio>

#include "kernels.hpp"

namespace {

int failures = 0;

void check(bool holds, const char* what) {
  if (holds) return;
  std::printf("not so: %s\n", what);
  ++failures;
}

}  // namespace

int main() {
  using namespace recurra;
  const Kernels* list[8];
  const int count = usable_kernels(list, 8);
  if (count == 0) {
    std::printf("no kernels for this processor\n");
    return 1;
  }
  check(&chosen_kernels() == list[count - 1], "the fastest kernels are chosen unasked");
  for (int i = 0; i < count; ++i) {
    std::printf("%s\n", list[i]->name);
    check(choose_kernels(list[i]->name), "kernels can be chosen by name");
    check(&chosen_kernels() == list[i], "the kernels chosen by name are used");
  }
  check(choose_kernels(list[0]->name) && !choose_kernels("none"), "an unknown name is refused");
  check(&chosen_kernels() == list[0], "an unknown name changes nothing");
  return failures == 0 ? 0 : 1;
}
