// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Offer, Order} from "./ILeaseMarket.sol";

/// @notice A contract that pays for leases with restricted credit (a grant, a sponsor's voucher, a plan).
interface IFunder {
    /// @notice Decides whether a lease may be paid from `order.fundingRef`; called while the lease opens, never later.
    /// @dev The market calls with at most `FUNDER_GAS` and before it has verified the signatures: whatever this call
    /// changes is undone with the whole opening when a later check fails. The funder may call `fundRef` from here.
    /// It must check that `msg.sender` is the market. Refunds return to the same reference without any call.
    /// @param order The client's order.
    /// @param offer The provider's offer.
    /// @param rate What the lease will cost, base units of `order.token` per second.
    /// @param escrow What is taken from the reference, base units of `order.token`.
    /// @return magic `IFunder.authorize.selector` to agree; anything else refuses.
    function authorize(Order calldata order, Offer calldata offer, uint96 rate, uint128 escrow)
        external
        returns (bytes4 magic);
}
