/** The walk after the KEK: which key, the review, the wrap, and what came of it. */
import '../screens/deliver';
import '../screens/key';
import '../screens/review';
import '../screens/wrap';
