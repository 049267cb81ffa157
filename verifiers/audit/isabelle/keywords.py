"""The words of Isabelle's outer syntax, sorted by what they do: data for the scanner.

A command has no terminator in Isabelle: wherever one of these words stands outside quotes, a new command begins. So it
is enough to know which words they are. `ALLOWED` are those that a candidate may use, `REFUSED` says for every other
command of Pure, HOL and the libraries of the distribution why not. Words that only releases before 2020 knew are left
out: in a text for a later one they are plain names.

Layer: lint.
"""

from __future__ import annotations

from collections.abc import Mapping

STATEMENTS = frozenset({"theorem", "lemma", "corollary", "proposition"})
"""What may begin a statement with a proof."""

PROOF_BEGINNINGS = frozenset(
    {"proof", "by", "using", "unfolding", "apply", "supply", "subgoal", "prefer", "defer", "including", ".", ".."}
)
"""With what a text begins that is only a proof."""

ENDS_OF_PROOFS = frozenset({"qed", "done", "by", ".", ".."})
"""What ends a proof."""

_THEORY = """theorem lemma corollary proposition lemmas definition fun function termination primrec datatype inductive
    inductive_set inductive_cases inductive_simps coinductive coinductive_set codatatype primcorec primcorecursive
    fun_cases partial_function type_synonym record declare named_theorems context locale interpretation
    global_interpretation sublocale notepad begin end private qualified"""

_PROOF = """proof qed by apply done using unfolding have hence show thus then from with also finally moreover ultimately
    next case fix assume presume define obtain consider let note supply subgoal prefer defer back apply_end interpret
    include including"""

IN_PROOFS = frozenset(_PROOF.split())
"""Commands of a proof's inside."""

_TEXT = "chapter section subsection subsubsection paragraph subparagraph text txt"

ALLOWED = frozenset(f"{_THEORY} {_PROOF} {_TEXT}".split())
"""Commands that a candidate may use; documents' text only without antiquotations."""

_REASONS: Mapping[str, str] = {
    "leaves the goal unproved": "sorry oops",
    "runs ML code": """ML ML_val ML_command ML_prf ML_export ML_file ML_file_debug ML_file_no_debug SML_file
        SML_file_debug SML_file_no_debug SML_import SML_export setup local_setup attribute_setup method_setup
        simproc_setup declaration syntax_declaration parse_ast_translation parse_translation print_translation
        typed_print_translation print_ast_translation tactic raw_tactic value values values_prolog test_code
        quickcheck_generator ML_setup method mirabelle_action""",
    "declares an oracle": "oracle",
    "declares axioms or leaves things undefined": """axiomatization axioms bnf_axiomatization ax_specification
        specification typedecl typedef consts judgment overloading overloaded unchecked defs unoverload_definition
        setup_unoverload cpodef pcpodef domain_isomorphism extract extract_type realizers realizability""",
    "changes how text is read": """notation no_notation type_notation no_type_notation syntax no_syntax syntax_consts
        syntax_types translations no_translations nonterminal adhoc_overloading no_adhoc_overloading abbreviation write
        alias type_alias default_sort text_raw cartouche term_cartouche text_cartouche case_of_simps simps_of_case""",
    "hides names": "hide_class hide_type hide_const hide_fact",
    "switches a bundle on": "bundle open_bundle unbundle includes opening",
    "changes type classes": "class instance instantiation subclass derive",
    "changes the code generator": """code_printing code_identifier code_reserved code_monad code_reflect code_datatype
        code_pred code_lazy_type activate_lazy_type activate_lazy_types deactivate_lazy_type deactivate_lazy_types
        code_abort export_code code_timing""",
    "reads or writes files": """external_file bibtex_file ROOTS_file generate_file export_generated_files
        scala_build_generated_files compile_generated_files boogie_file spark_open spark_open_vcg spark_open_siv
        spark_vc spark_end import_file import_tptp import_const_map import_type_map""",
    "changes a package": """bnf copy_bnf lift_bnf datatype_compat free_constructors functor old_rep_datatype
        lift_definition setup_lifting lifting_forget lifting_update quotient_type quotient_definition recdef recdef_tc
        simproc_congproc nominal_datatype nominal_inductive nominal_inductive2 nominal_primrec atom_decl equivariance
        fixrec domain domaindef statespace
        datatype_record approximate schematic_goal experiment print_options nitpick_params quickcheck_params
        refute_params sledgehammer_params nunchaku_params lazy_code""",
    "only prints or searches": """help print_commands print_context print_theory print_definitions print_syntax
        print_abbrevs print_defn_rules print_theorems print_locales print_classes print_locale print_interps
        print_attributes print_simpset print_rules print_trans_rules print_methods print_antiquotations
        print_ML_antiquotations print_term_bindings print_facts print_cases print_statement print_codesetup
        print_context_tracing print_bundles print_state print_dependencies print_coercions print_claset
        print_induct_rules print_orders print_inductives print_bnfs print_case_translations print_quot_maps
        print_quotients print_quotconsts print_quotientsQ3 print_quotmapsQ3 print_codeproc print_tcset print_record
        thy_deps locale_deps class_deps thm_deps thm_oracles code_thms code_deps unused_thms thm prf full_prf prop term
        typ welcome find_theorems find_consts find_unused_assms sledgehammer nitpick nunchaku quickcheck refute
        solve_direct try try0 smt_status spark_status pwd mirabelle sketch explore""",
    "is the frame of a theory": "theory imports keywords abbrevs",
}

REFUSED: Mapping[str, str] = {word: reason for reason, words in _REASONS.items() for word in words.split()}
"""Word → what it does. Some are no commands: methods and minor keywords that lead to the same."""

PLAIN_METHODS = frozenset({"code_simp"})
"""Methods that only look like commands for code: this one rewrites with code equations, each step by the kernel."""

ML_METHODS = frozenset({"tactic", "raw_tactic"})
"""Methods that run ML. Names of methods may be qualified, and written in quotes."""

ODD_SETTINGS = (
    "quick_and_dirty",
    "skip_proofs",
    "smt_",
    "sledgehammer_",
    "show_",
    "names_",
    "ML_",
    "code_",
    "eta_",
    "trace",
    "proof_",
)
"""How names of configuration options begin that an attribute must not switch on."""
