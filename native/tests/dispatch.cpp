// The instruction sets that this processor can run, and choosing among them.
#include <cstdio>

#include "check.hpp"
#include "kernels.hpp"

int main() {
  using namespace recurra;
  using test::check;
  const Kernels* list[8];
  const int count = usable_kernels(list, 8);
  if (!check(count > 0, "no kernels for this processor")) return test::result();
  check(&chosen_kernels() == list[count - 1], "the fastest kernels are not chosen unasked");
  for (int i = 0; i < count; ++i) {
    std::printf("%s\n", list[i]->name);
    check(choose_kernels(list[i]->name), "%s cannot be chosen by name", list[i]->name);
    check(&chosen_kernels() == list[i], "%s is chosen and not used", list[i]->name);
  }
  check(choose_kernels(list[0]->name) && !choose_kernels("none"), "an unknown name is taken");
  check(&chosen_kernels() == list[0], "an unknown name changes something");
  return test::result();
}
