#include <unistd.h>

#include "program/commands.hpp"

int main(int count, char** arguments) {
  return sluice::program::run_program({arguments + (count > 0 ? 1 : 0), arguments + count},
                                      sluice::base::read_environment(environ));
}
