;;; lemmary.el --- Proofs and lemmas for the goal at point  -*- lexical-binding: t -*-

;;; Commentary:

;; A client of `python -m pipeline suggest --server' (docs/own_development.md, "From an editor") for Rocq files.
;;
;;     (load "LEMMARY/pipeline/development/lemmary.el")   ; LEMMARY: where the repository lies
;;
;; `lemmary-suggest' asks for the goal behind the line of point, in the text as it is in the buffer.  What is found is
;; shown in *Lemmary*, and more of it as it is found.  `lemmary-insert' writes the proof into the file, with the lemmas
;; that it needs.  `lemmary-cancel' ends the search, and `lemmary-quit' the server.

;;; Code:

(require 'json)
(require 'seq)
(require 'subr-x)

(defgroup lemmary nil "Proofs and lemmas that Lemmary finds." :group 'languages)

(defcustom lemmary-directory
  (locate-dominating-file (or load-file-name buffer-file-name default-directory) "pyproject.toml")
  "The repository of Lemmary."
  :type 'directory)

(defcustom lemmary-python ".venv/bin/python"
  "The Python that has what Lemmary needs, seen from `lemmary-directory'."
  :type 'file)

(defcustom lemmary-cpu-seconds 20
  "CPU seconds for one goal."
  :type 'number)

(defvar lemmary--server nil "The process that answers.")
(defvar lemmary--rest "" "What it has said of a line that is not over.")
(defvar lemmary--last 0 "The id of the last request.")
(defvar lemmary--place nil "A marker: the line about which was asked last.")
(defvar lemmary--request nil "The id of the request about that line.")
(defvar lemmary--found nil "What is known of it, as a property list; nil as long as nothing is.")

(defconst lemmary--errors " *lemmary errors*" "The buffer of what the server says beside its answers.")

;;; The server

(defun lemmary--start ()
  "Start the server if there is none."
  (unless (process-live-p lemmary--server)
    (setq lemmary--rest "")
    (let ((default-directory (file-name-as-directory (expand-file-name lemmary-directory))))
      (setq lemmary--server
            (make-process :name "lemmary"
                          :command (list (expand-file-name lemmary-python) "-m" "pipeline" "suggest" "--server")
                          :connection-type 'pipe
                          :coding 'utf-8-unix
                          :noquery t
                          :stderr (get-buffer-create lemmary--errors)
                          :filter #'lemmary--hear
                          :sentinel #'lemmary--ended)))))

(defun lemmary--ended (process _event)
  "Say where to look if PROCESS ended by itself."
  (unless (or (process-live-p process) (not (eq process lemmary--server)))
    (setq lemmary--server nil)
    (message "Lemmary's server ended: the buffer `%s' may say why" lemmary--errors)))

(defun lemmary--ask (method &rest params)
  "Send a request for METHOD with PARAMS, a property list; return its id."
  (setq lemmary--last (1+ lemmary--last))
  (process-send-string
   lemmary--server
   (concat (json-serialize (list :id lemmary--last :method method :params params)) "\n"))
  lemmary--last)

(defun lemmary--hear (_process said)
  "Take what the server SAID, line by line."
  (let ((lines (split-string (concat lemmary--rest said) "\n")))
    (setq lemmary--rest (car (last lines)))
    (dolist (line (butlast lines))
      (lemmary--told
       (json-parse-string line :object-type 'plist :array-type 'list :null-object nil :false-object nil)))))

(defun lemmary--told (answer)
  "Show an ANSWER, or news, about the goal about which was asked last."
  (let* ((news (plist-get answer :params))
         (failed (plist-get answer :error))
         (about (plist-get (or news answer) :id)))
    (cond ((and failed (not (equal (plist-get failed :code) "cancelled")))
           (lemmary--show (plist-get failed :message)))
          ((and (equal about lemmary--request) (not failed))
           (setq lemmary--found (or news (plist-get answer :result)))
           (lemmary--show (lemmary--text lemmary--found))))))

;;; What is shown

(defun lemmary--show (text)
  "Show TEXT in the buffer *Lemmary*."
  (with-current-buffer (get-buffer-create "*Lemmary*")
    (unless (derived-mode-p 'special-mode) (special-mode))
    (let ((inhibit-read-only t))
      (erase-buffer)
      (insert text "\n")
      (goto-char (point-min)))
    (display-buffer (current-buffer))))

(defun lemmary--text (found)
  "What FOUND says, for a reader."
  (let ((number 0))
    (string-join
     (delq nil
           `(,(if (plist-get found :done) "Done." "Searching ...")
             ,(plist-get found :goal)
             ,(when (> (or (plist-get found :others) 0) 0) (format "%d more goals are open." (plist-get found :others)))
             ,(when (plist-member found :counterexample) (lemmary--false (plist-get found :counterexample)))
             ,(when-let ((finish (plist-get found :finish)))
                (concat "A proof of it" (lemmary--resting (plist-get found :rests_on)) ":\n\n" finish))
             ,@(mapcar (lambda (one)
                         (setq number (1+ number))
                         (concat (format "%d. " number)
                                 (if (plist-get one :finish) "With this lemma the goal is proved:\n\n" "A lemma that holds:\n\n")
                                 (plist-get one :lemma)
                                 (when (plist-get one :finish) (concat "\n\nand then:\n\n" (plist-get one :finish)))))
                       (plist-get found :lemmas))
             ,(when (and (plist-get found :done) (not (lemmary--anything found)))
                "Nothing was found.  A larger `lemmary-cpu-seconds' may help.")))
     "\n\n")))

(defun lemmary--anything (found)
  "Whether FOUND says anything of the goal."
  (or (plist-get found :finish) (plist-get found :lemmas) (plist-get found :counterexample)))

(defun lemmary--resting (names)
  "Words for the NAMES of statements without a proof on which a proof rests."
  (if names (format ", which rests on %s (no proof yet)" (string-join names ", ")) ""))

(defun lemmary--false (values)
  "Words for the VALUES, a property list, for which the goal is false."
  (when values
    (let (said)
      (while values
        (push (format "%s := %s" (substring (symbol-name (pop values)) 1) (pop values)) said))
      (concat "It is false, for " (string-join (nreverse said) ", ")))))

;;; Commands

;;;###autoload
(defun lemmary-suggest ()
  "Ask for a proof, or lemmas, for the goal behind the line of point."
  (interactive)
  (unless buffer-file-name (user-error "Save this buffer to a file first"))
  (lemmary--start)
  (when lemmary--request (lemmary--ask "cancel" :request lemmary--request))
  (let ((text (save-restriction (widen) (buffer-substring-no-properties (point-min) (point-max)))))
    (lemmary--ask "open" :file buffer-file-name :text text))
  (setq lemmary--found nil
        lemmary--place (copy-marker (line-beginning-position))
        lemmary--request (lemmary--ask "suggest" :file buffer-file-name :line (line-number-at-pos nil t)
                                       :cpu_seconds lemmary-cpu-seconds))
  (lemmary--show "Searching ..."))

(defun lemmary-insert ()
  "Write the proof that was found into the file, with the lemmas that it needs.
It takes the place of an `Admitted.' or `admit.' in the line about which was
asked, else it goes below that line."
  (interactive)
  (let* ((lemmas (plist-get lemmary--found :lemmas))
         (finish (plist-get lemmary--found :finish))
         (needed (unless finish (seq-position lemmas nil (lambda (one _) (plist-get one :finish)))))
         (proof (or finish (and needed (plist-get (nth needed lemmas) :finish)))))
    (unless proof (user-error "No proof is known"))
    (with-current-buffer (marker-buffer lemmary--place)
      (atomic-change-group
        (save-excursion
          (goto-char lemmary--place)
          (lemmary--write proof)
          (when needed
            (goto-char lemmary--place)
            (end-of-line)
            (unless (search-backward (plist-get lemmary--found :statement) nil t)
              (user-error "The statement has changed meanwhile"))
            (let ((lines (concat "\n" (make-string (current-indentation) ?\s))))
              (dolist (one (seq-take lemmas (1+ needed)))
                (insert (string-replace "\n" lines (plist-get one :lemma)) "\n" lines)))))))))

(defun lemmary--write (proof)
  "Write PROOF into the line of point, or below it."
  (let* ((end (line-end-position))
         (indent (make-string (current-indentation) ?\s))
         (lines (concat "\n" indent)))
    (cond ((re-search-forward "\\_<Admitted\\." end t)
           (replace-match "" t t)
           (delete-horizontal-space)
           (insert (if (bolp) indent lines)
                   (if (lemmary--behind-statement) (concat "Proof." lines) "")
                   "  " (string-replace "\n" (concat lines "  ") proof) lines "Qed."))
          ((re-search-forward "\\_<admit\\." end t)
           (replace-match "" t t)
           (insert (string-replace "\n" (concat "\n" (make-string (current-column) ?\s)) proof)))
          (t
           (end-of-line)
           (insert lines (string-replace "\n" lines proof))))))

(defun lemmary--behind-statement ()
  "Whether nothing stands between the statement and point."
  (save-excursion
    (skip-chars-backward " \t\n")
    (let* ((statement (plist-get lemmary--found :statement))
           (start (- (point) (length statement))))
      (and (>= start (point-min))
           (string= statement (buffer-substring-no-properties start (point)))))))

(defun lemmary-cancel ()
  "End the search."
  (interactive)
  (when (and lemmary--request (process-live-p lemmary--server))
    (lemmary--ask "cancel" :request lemmary--request)))

(defun lemmary-quit ()
  "End the server."
  (interactive)
  (when-let ((server lemmary--server))
    (setq lemmary--server nil lemmary--request nil)
    (delete-process server)))

(provide 'lemmary)

;;; lemmary.el ends here
