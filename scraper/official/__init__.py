"""The official register: the workbook that NHS England publishes each month, read sheet by sheet.

`sheets` opens a file, and is the one module here that touches the world; `shapes` says which sheets and columns each of
the two shapes has, `workbook` sorts their rows by agreement, `versions` makes records of the rows of one agreement.
A page of this register is one agreement, its agreements are the versions of it.
"""
