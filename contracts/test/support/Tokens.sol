// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @dev Keeps one base unit of every transfer.
contract TakingToken is ERC20 {
    constructor(address owner, uint256 amount) ERC20("Taking", "TAKE") {
        _mint(owner, amount);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to != address(0)) _burn(to, 1);
    }
}

/// @dev Answers every transfer with success and, once, calls out in the middle of it.
contract CallingToken is ERC20("Calling", "CALL") {
    address private _target;
    bytes private _data;
    bytes public answer;

    function callDuringTransfer(address target, bytes calldata data) external {
        _target = target;
        _data = data;
    }

    function transferFrom(address, address to, uint256 value) public override returns (bool) {
        if (_target != address(0)) {
            address target = _target;
            _target = address(0);
            (, answer) = target.call(_data);
        }
        _mint(to, value);
        return true;
    }
}
