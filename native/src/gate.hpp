// The equations of the cells, on one vector of hidden units. Training and streaming both use these; what they put
// in was summed in different orders, so that their bits differ.
#pragma once

#include "math.hpp"

namespace recurra::RECURRA_ISA {

template <class T>
struct LstmGates {
  Vector<T> input_gate, forget_gate, candidate, output_gate;
};

// c' = f c + i g
template <class T>
RECURRA_INLINE Vector<T> lstm_cell(const LstmGates<T>& gates, Vector<T> cell) {
  return fma(gates.forget_gate, cell, gates.input_gate * gates.candidate);
}

// h' = n + z (h - n), which is (1 - z) n + z h
template <class T>
RECURRA_INLINE Vector<T> gru_hidden(Vector<T> update_gate, Vector<T> candidate, Vector<T> hidden) {
  return fma(update_gate, hidden - candidate, candidate);
}

// How much of the old value stays, and the new value.
template <class T>
RECURRA_INLINE Vector<T> mixed(Vector<T> keep, Vector<T> old, Vector<T> fresh) {
  return fma(keep, old - fresh, fresh);
}

}  // namespace recurra::RECURRA_ISA
