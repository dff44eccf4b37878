// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CommonBase} from "forge-std/Base.sol";

/// @dev Deploys what is committed in artifacts/, which is what deployments use, and not another compilation of its
/// source. Run `npm run build` after a change of the source, or the tests see the old code. Mutation runs name another
/// folder in COREPOOL_ARTIFACTS.
abstract contract Artefact is CommonBase {
    /// @dev Deploys artifacts/`name`.json with the encoded constructor arguments.
    function _deployArtefact(string memory name, bytes memory args) internal returns (address deployed) {
        bytes memory code = _codeOf(name, args);
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
        }
        require(deployed != address(0), string.concat(name, ": the artefact does not deploy"));
    }

    /// @dev Why the artefact does not deploy with these arguments; empty when it does.
    function _refusalOf(string memory name, bytes memory args) internal returns (bytes memory why) {
        bytes memory code = _codeOf(name, args);
        assembly ("memory-safe") {
            if iszero(create(0, add(code, 32), mload(code))) {
                why := mload(0x40)
                mstore(why, returndatasize())
                returndatacopy(add(why, 32), 0, returndatasize())
                mstore(0x40, add(add(why, 32), returndatasize()))
            }
        }
    }

    function _codeOf(string memory name, bytes memory args) private view returns (bytes memory) {
        string memory folder = vm.envOr("COREPOOL_ARTIFACTS", string("artifacts"));
        string memory json = vm.readFile(string.concat(folder, "/", name, ".json"));
        return bytes.concat(vm.parseJsonBytes(json, ".bytecode"), args);
    }
}
