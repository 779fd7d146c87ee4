// The short floating types are in core, where inference finds them too.
#pragma once

#include "core/half.h"
