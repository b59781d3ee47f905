#pragma once
// How callers of the control plane say who they are.

#include "base/snapshot.hpp"
#include "identity/callers.hpp"
#include "identity/key_set.hpp"
#include "identity/revocations.hpp"
#include "identity/token.hpp"

namespace sluice::control {

// What it refers to outlives control.
struct CallerIdentity {
  const base::Snapshot<identity::CallerList>* list = nullptr;  // null: there is no file of them
  const base::Snapshot<identity::KeySet>* keys = nullptr;      // null: tokens are no credentials
  const identity::Revocations* revocations = nullptr;
  identity::TokenRules rules;

  bool is_wanted() const { return list != nullptr || keys != nullptr; }
};

}  // namespace sluice::control
