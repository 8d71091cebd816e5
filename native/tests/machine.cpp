// The start of a test that is compiled for one instruction set: it runs where the processor has that set.
#include <cstdio>
#include <cstring>

#include "kernels.hpp"

#define RECURRA_TEXT(name) #name
#define RECURRA_NAME(name) RECURRA_TEXT(name)

int run_test(int count, char** arguments);

int main(int count, char** arguments) {
  const recurra::Kernels* list[8];
  const int usable = recurra::usable_kernels(list, 8);
  for (int i = 0; i < usable; ++i)
    if (std::strcmp(list[i]->name, RECURRA_NAME(RECURRA_ISA)) == 0) return run_test(count, arguments);
  std::printf("this processor has no %s\n", RECURRA_NAME(RECURRA_ISA));
  return 77;
}
