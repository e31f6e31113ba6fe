"""Form definitions: XLSForm to XForm, versions, form attachments, publishing."""
