// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Administration} from "./market/Administration.sol";
import {Cancelling} from "./market/Cancelling.sol";
import {Closing} from "./market/Closing.sol";
import {MarketState} from "./market/MarketState.sol";
import {Opening} from "./market/Opening.sol";

/// @title The market of leases of Corepool
/// @notice Immutable. See ILeaseMarket for what it does and for the rules of every function.
/// @custom:security-contact See SECURITY.md of the repository.
contract LeaseMarket is Opening, Closing, Cancelling, Administration {
    /// @param authority The AccessManager whose roles may set parameters.
    /// @param gp The token whose fees are burnt.
    /// @param burnShareBps Part of GP fees that is burnt.
    /// @param closeWindow Seconds that a provider has to post his last note after a requested close or the end.
    constructor(address authority, address gp, uint16 burnShareBps, uint40 closeWindow)
        MarketState(gp, burnShareBps, closeWindow)
        AccessManaged(authority)
    {}
}
