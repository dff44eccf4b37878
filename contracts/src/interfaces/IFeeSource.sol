// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Where the market reads fee discounts, chosen by a role; it can lower a fee, never raise one.
interface IFeeSource {
    /// @notice The part of the fee that is waived for a lease between these two.
    /// @dev Called by staticcall with at most `FEE_SOURCE_GAS`; the market caps the answer at `MAX_DISCOUNT_BPS` and
    /// treats a failure as no discount.
    /// @param client Who rents.
    /// @param provider Whose unit it is.
    /// @return bps Ten-thousandths of the token's fee.
    function discountBps(address client, address provider) external view returns (uint256 bps);
}
