// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";

/// @title TestUSDC
/// @notice A stand-in for USDC on local and test chains: 6 decimals, ERC-2612 permits, ERC-3009 authorisations.
/// Anybody may mint it, so it is worth nothing; the deploy plan never puts it on a chain with real money.
contract TestUSDC is ERC20, ERC20Permit, ERC3009 {
    /// @notice Most that one call of the faucet mints: 10,000 USDC.
    uint256 public constant FAUCET_LIMIT = 10_000e6;

    /// @notice The faucet was asked for more than one call gives.
    error TestUSDC_AboveFaucetLimit(uint256 amount, uint256 limit);

    constructor() ERC20("Test USD Coin", "USDC") ERC20Permit("Test USD Coin") {}

    /// @notice The open faucet.
    /// @param to Who receives it.
    /// @param amount How much, in base units (6 decimals).
    /// @custom:error TestUSDC_AboveFaucetLimit when `amount` is above `FAUCET_LIMIT`.
    function mint(address to, uint256 amount) external {
        require(amount <= FAUCET_LIMIT, TestUSDC_AboveFaucetLimit(amount, FAUCET_LIMIT));
        _mint(to, amount);
    }

    /// @notice Six, as USDC has.
    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
